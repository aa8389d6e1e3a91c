import { resolve } from "node:path";
import type { Logger } from "@roost/base";
import type { Memory } from "@roost/memory";
import type { GatewayConfig } from "./config.ts";
import type { ListenOptions } from "./listen.ts";

/** Where the gateway listens: the environment before the settings; paths are from the home. */
export function readListenSettings(
  { ROOST_HOST, ROOST_PORT, ROOST_PORT_BEFORE, homeDir }: GatewayConfig,
  { settings, logger }: { settings: Memory["settings"]; logger: Logger },
): Pick<ListenOptions, "host" | "port" | "portBefore" | "outside"> {
  const { host = "127.0.0.1", port, tls, tailscale, ...given } = settings.listen;
  const onProblem = (reason: string) => logger.warn("A new certificate cannot be used yet", { reason });
  const at = (path: string) => resolve(homeDir, path);
  const serve =
    tailscale && (tailscale.port === undefined ? { path: at(".roost/serve.sock") } : { port: tailscale.port });
  return {
    host: ROOST_HOST ?? host,
    port: ROOST_PORT ?? port,
    portBefore: ROOST_PORT_BEFORE,
    outside: {
      ...given,
      tls: tls && { cert: at(tls.cert), key: at(tls.key), onProblem },
      serve,
      logins: tailscale?.logins,
    },
  };
}
