/** How a service calls another: by its contract, as itself, signed for one instance. There is no other way. */
import { RoostError, type Clock, type Logger } from "@roost/base";
import { createHttpClient, type Principal } from "@roost/contract";
import type { Sql } from "@roost/database";
import { createForwardCall } from "../calls/forward-call.ts";
import type { CalledService } from "../calls/service-directory.ts";
import type { ServiceContext } from "../service.ts";
import { openSigner } from "../signing/open-signer.ts";

export interface CallServicesOptions {
  /** The one that calls. */
  name: string;
  /** Connected as its role. */
  database: Sql;
  clock: Clock;
  logger: Logger;
}

export function createClientFor({ name, database, clock, logger }: CallServicesOptions): ServiceContext["clientFor"] {
  const principal: Principal = { id: `service:${name}`, kind: "service", scopes: ["*"] };
  const publishKey = async (id: string, publicKey: Buffer) => {
    await database.query("select service.add_signer_1($1, $2)", [id, publicKey]);
  };
  const signer = openSigner(publishKey, { clock });
  const find = async (service: string): Promise<CalledService> => {
    const [found] = await database.query<CalledService>(
      "select title, reason, instances from service.find_instances_1($1)",
      [service],
    );
    if (found === undefined) throw new RoostError("not_found", `There is no service "${service}"`);
    return found;
  };
  const forward = createForwardCall({ directory: { find }, signer, clock, logger });
  return (contract) =>
    createHttpClient(contract, {
      baseUrl: "http://service",
      fetch: async (input, init) => {
        const request = new Request(input, init);
        const { pathname, search } = new URL(request.url);
        return forward({ service: contract.name, path: pathname + search, principal, request });
      },
    });
}
