/** A service with its own database, role, port and address: everything as in a home. */
import { createId, silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import {
  createHttpClient,
  type AnyOperation,
  type Client,
  type Principal,
  type ServiceContract,
} from "@roost/contract";
import { escapeIdentifier, type Database, type Sql } from "@roost/database";
import { testKernelWith, type TestKernel } from "@roost/kernel/testing";
import { createForwardCall } from "../calls/forward-call.ts";
import type { HostedService } from "../host/host-service.ts";
import { openServiceHost } from "../host/open-service-host.ts";
import { connectService } from "../install/connect-service.ts";
import { installService, type InstalledService } from "../install/install-service.ts";
import { openServices, serviceSchema, type Services } from "../open-services.ts";
import type { Service } from "../service.ts";

export interface TestService extends AsyncDisposable {
  test: TestKernel;
  services: Services;
  installed: InstalledService;
  /** As the role of the service. */
  database: Database;
  hosted: HostedService;
  /** Calls it, or another of the same kernel, as the gateway would for this caller. Default: the home's owner. */
  clientFor<const Ops extends readonly AnyOperation[]>(contract: ServiceContract<Ops>, caller?: Principal): Client<Ops>;
  /** A second instance of it. */
  hostAnother(): Promise<HostedService>;
}

const createTestKernel = testKernelWith([serviceSchema]);
const owner: Principal = { id: "person:owner", kind: "owner", scopes: ["*"] };

function clientOf<const Ops extends readonly AnyOperation[]>(
  { directory, signer, kernel: { clock } }: Services,
  { contract, caller: principal = owner }: { contract: ServiceContract<Ops>; caller?: Principal | undefined },
): Client<Ops> {
  const forward = createForwardCall({ directory, signer, clock, logger: silentLogger });
  return createHttpClient(contract, {
    baseUrl: "http://gateway",
    fetch: async (input, init) => {
      const request = new Request(input, init);
      const { pathname, search } = new URL(request.url);
      return forward({ service: contract.name, path: pathname + search, principal, request });
    },
  });
}

/** A closed connection takes a moment to end, and what belongs to a dropped role cannot be ended. */
export async function dropRoles(
  sql: Sql,
  { roleName, loginName }: Pick<InstalledService, "roleName" | "loginName">,
): Promise<void> {
  const connections = "select from pg_stat_activity where usename = $1 and datname = current_database()";
  await until(async () => (await sql.query(connections, [loginName])).length === 0);
  await sql.query(`drop role ${escapeIdentifier(loginName)}`);
  await sql.query(`drop owned by ${escapeIdentifier(roleName)} cascade`);
  await sql.query(`drop role ${escapeIdentifier(roleName)}`);
}

export async function openTestService(service: Service, test?: TestKernel): Promise<TestService> {
  await using opened = new AsyncDisposableStack();
  const given = test ?? opened.use(await createTestKernel());
  const { kernel, url } = given;
  const services = await openServices({ kernel, kind: "gateway", name: "test" });
  const { contract, guide } = service;
  const installed = await installService(kernel, { contract, guide, homeId: createId() });
  // Roles belong to the server, which outlives the database.
  opened.defer(() => dropRoles(kernel.database, installed));
  const database = opened.use(await connectService({ databaseUrl: url, installed, logger: silentLogger }));
  // Each in a process of its own, as it were.
  const host = async () => {
    await using process = new AsyncDisposableStack();
    const one = process.use(await openServiceHost({ link: database, clock: kernel.clock, logger: silentLogger }));
    const hosted = await one.add({ service, installed, database });
    process.use(hosted);
    const all = process.move();
    return { ...hosted, [Symbol.asyncDispose]: () => all.disposeAsync() };
  };
  const hosted = opened.use(await host());
  const owned = opened.move();
  return {
    test: given,
    services,
    installed,
    database,
    hosted,
    clientFor: (contract, caller) => clientOf(services, { contract, caller }),
    hostAnother: async () => owned.use(await host()),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
