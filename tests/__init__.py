"""The tests are a package so that `from tests.support import …` works from the root of the repository."""
