/* What the platform that started the server says in its environment: Vertex AI (AIP_*), SageMaker
 * (SAGEMAKER_*), OpenTelemetry (OTEL_*). Options that were given win. */
#include "platform.h"

#include "base/os.h"

/* A path as clients send it; anything else would never match. */
static const char *route(const char *name)
{
    const char *value = mlp_os_env(name);
    return value && value[0] == '/' ? value : NULL;
}

/* OpenTelemetry's variables (OTLP Exporter Configuration). Other protocols than ours are for other
 * exporters. */
static void telemetry(struct mlp_serve_config *config)
{
    const char *protocol = mlp_os_env("OTEL_EXPORTER_OTLP_PROTOCOL");
    const char *off = mlp_os_env("OTEL_SDK_DISABLED");
    config->otlp_headers = mlp_os_env("OTEL_EXPORTER_OTLP_HEADERS");
    config->otlp_service = mlp_os_env("OTEL_SERVICE_NAME");
    if (config->otlp_url || (off && strcmp(off, "true") == 0) ||
        (protocol && strcmp(protocol, "grpc") == 0))
        return;
    config->otlp_url = mlp_os_env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    if (!config->otlp_url)
        config->otlp_url = mlp_os_env("OTEL_EXPORTER_OTLP_ENDPOINT");
}

enum mlp_code serve_platform(struct mlp_serve_config *config, bool listens, struct platform *p,
                             struct mlp_err *e)
{
    const char *name = "AIP_HTTP_PORT", *port = mlp_os_env(name);
    uint64_t number;
    telemetry(config);
    config->predict_route = route("AIP_PREDICT_ROUTE");
    config->health_route = route("AIP_HEALTH_ROUTE");
    if (!port)
        port = mlp_os_env(name = "SAGEMAKER_BIND_TO_PORT");
    if (!port || listens)
        return MLP_OK;
    if (!mlp_str_u64(mlp_str_from(port), &number) || number > 65535)
        return mlp_err_set(e, MLP_EUSAGE, "%s is no port: \"%.40s\"", name, port);
    snprintf(p->address, sizeof p->address, "0.0.0.0:%u", (unsigned)number);
    config->address = p->address;
    return MLP_OK;
}
