# The image that `gwdeployer manifests --image` names: docker build -t registry.example.com/gwdeployer:1 .
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml requirements-dev.txt README.md LICENSE ./
COPY gwdeployer gwdeployer
COPY gwdeployer_gateway gwdeployer_gateway
COPY gwdeployer_inference gwdeployer_inference
COPY templates templates
RUN pip install --no-cache-dir --constraint requirements-dev.txt --prefix=/install .

FROM python:3.13-slim
COPY --from=build /install /usr/local
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
ENTRYPOINT ["gwdeployer"]
CMD ["run"]
