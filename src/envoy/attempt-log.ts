import { limitHeaders } from '../routing/health/limit-headers.ts';
import { clusterNames, retryHeader } from './names.ts';
import { type ConfigObject, extension } from './typed.ts';

/** Tells the sidecar what became of each attempt, as soon as it is over: nothing else does where Envoy makes another one. One stream for all that a worker of Envoy does. */
export const attemptLog: ConfigObject = extension(
  'envoy.access_loggers.http_grpc',
  'envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig',
  {
    common_config: {
      log_name: 'attempts',
      transport_api_version: 'V3',
      grpc_service: { envoy_grpc: { cluster_name: clusterNames.sidecar } },
      buffer_size_bytes: 0, // each entry goes out at once; the default keeps 16 KiB of them
      buffer_flush_interval: '0.05s',
    },
    additional_response_headers_to_log: [retryHeader, ...limitHeaders],
  },
);
