"""GatewayClasses of ours, and the parameters objects that they and their Gateways refer to."""
