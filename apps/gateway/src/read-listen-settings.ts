import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Logger } from "@roost/base";
import type { Memory } from "@roost/memory";
import type { GatewayConfig } from "./config.ts";
import type { ListenOptions } from "./listen.ts";

const hostDefault = "127.0.0.1";

/**
 * Where the gateway listens: the environment before the settings; paths are from the home. On a joined host the environment alone says the address, since that
 * of the settings is the home's, and TLS is that machine's: with files of its own at the paths that the settings have.
 */
export function readListenSettings(
  { ROOST_HOST, ROOST_PORT, ROOST_PORT_BEFORE, homeDir }: GatewayConfig,
  { settings, logger, isHome }: { settings: Memory["settings"]; logger: Logger; isHome: boolean },
): Pick<ListenOptions, "host" | "port" | "portBefore" | "outside"> {
  const { host = hostDefault, port, tls, tailscale, ...given } = settings.listen;
  const onProblem = (reason: string) => logger.warn("A new certificate cannot be used yet", { reason });
  const at = (path: string) => resolve(homeDir, path);
  const hasTls = isHome || (ROOST_HOST !== undefined && tls !== undefined && existsSync(at(tls.cert)));
  const serve =
    tailscale && (tailscale.port === undefined ? { path: at(".roost/serve.sock") } : { port: tailscale.port });
  return {
    host: ROOST_HOST ?? (isHome ? host : hostDefault),
    port: ROOST_PORT ?? port,
    portBefore: ROOST_PORT_BEFORE,
    outside: {
      ...given,
      tls: hasTls && tls ? { cert: at(tls.cert), key: at(tls.key), onProblem } : undefined,
      serve: isHome ? serve : undefined,
      logins: tailscale?.logins,
    },
  };
}
