import { stringify } from 'yaml';
import { bootstrap, type ClusterSource, type GatewayOptions } from './bootstrap.ts';
import { clusterNames } from './names.ts';
import { pinnedVersion } from './version.ts';

/** Envoy's config as a YAML file, for an Envoy that runs by itself. */
export function printGateway(options: GatewayOptions, clusters: ClusterSource = 'inline'): string {
  const sidecars = options.sidecars.map((address) => ('path' in address ? address.path : `${address.host}:${address.port}`)).join(', ');
  const comment = [
    `Config of Envoy ${pinnedVersion} as a gateway with Remora beside it, printed by \`remora envoy\`. Run it with: envoy -c FILE`,
    `Clients connect to ${options.listen.host}:${options.listen.port}; Remora's ext_proc service (\`remora serve\`) listens on ${sidecars} (cluster ${clusterNames.sidecar}).`,
    `It holds no secrets: credentials of providers are Remora's alone. Certificates are checked against ${options.systemCaFile ?? 'the files that the providers name'}.`,
    clusters === 'inline'
      ? 'Print it again after changing the config; the reason for each setting stands in src/envoy.'
      : `Clusters of providers come from ${clusters.file}, which \`remora serve --clusters\` writes; the reason for each setting stands in src/envoy.`,
  ];
  const config = JSON.stringify(bootstrap(options, clusters));
  return `${comment.map((line) => `# ${line}`).join('\n')}\n${stringify(JSON.parse(config), { aliasDuplicateObjects: false, lineWidth: 0 })}`;
}
