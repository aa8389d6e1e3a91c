/**
 * Installs a service in the home: its role, login, schema, topics and event types, and its contract for callers. Needs the home's own rights; hosting a
 * service does not. Repeating it applies changes.
 */
import { createHash, randomBytes } from "node:crypto";
import { canonicalJson, RoostError } from "@roost/base";
import { createOpenApi, type OpenApiDocument, type ServiceContract } from "@roost/contract";
import {
  escapeIdentifier,
  escapeLiteral,
  mayMakeLargeObjects,
  noLargeObjects,
  type Transaction,
} from "@roost/database";
import { readTopics, type Kernel } from "@roost/kernel";
import { refuseBreaks } from "./refuse-breaks.ts";
import { namesOf, type ServiceNames } from "./service-names.ts";
import { grantStatements, roleStatements, serviceLoginStatements } from "./role-statements.ts";

export interface InstalledService extends ServiceNames {
  name: string;
  contractHash: string;
  /** Of its login, for the process that hosts it. */
  password: string;
}

export interface InstallOptions {
  contract: ServiceContract;
  homeId: string;
  /** What the agents of its domain are told of it. */
  guide?: string | undefined;
  /** Of its login, as long as another process uses it. Default: a new one. */
  password?: string | undefined;
  /** The person says that what its callers lose by it is meant. */
  acceptsBreaks?: boolean | undefined;
}

interface DescribedContract {
  document: OpenApiDocument;
  hash: string;
}

/** A contract is a value. Describing a large one takes 70 ms, and a process may install it again and again. */
const described = new WeakMap<ServiceContract, DescribedContract>();

/** As callers learn it, and its hash. */
export function describeContract(contract: ServiceContract): DescribedContract {
  const known = described.get(contract);
  if (known !== undefined) return known;
  const { name, version } = contract;
  const document = createOpenApi(contract, { version, servers: [{ url: `/services/${name}` }] });
  const hash = createHash("sha256").update(canonicalJson(document)).digest("hex");
  described.set(contract, { document, hash });
  return { document, hash };
}

/**
 * @throws RoostError `forbidden`, with the statements for an administrator in `details.statements`, when this database user may not create roles
 * and those of the service do not exist; `conflict` when a topic or an event type belongs to another service, or callers would lose something by
 * the contract: then the accepted one stays
 */
export async function installService(kernel: Kernel, options: InstallOptions): Promise<InstalledService> {
  const { contract, homeId, guide = "", acceptsBreaks = false } = options;
  const names = namesOf(contract.name, homeId);
  const { document, hash: contractHash } = describeContract(contract);
  const { password = randomBytes(24).toString("base64url") } = options;
  // Before anything is written: what runs goes on as it is described.
  for (const event of contract.events) await kernel.registry.check(event);
  await kernel.database.transact(async (tx) => {
    // One at a time: two processes of a home may start together.
    await tx.query("select pg_advisory_xact_lock(hashtextextended('roost.services', 0))");
    if (!acceptsBreaks) await refuseBreaks(tx, contract.name, document);
    await recordService(tx, contract, { names, contractHash, document, guide });
    await refuseThirdParty(tx, contract.name);
    await claimTopics(tx, contract, new Set((await readTopics(tx)).keys()));
  });
  await kernel.registry.register(contract.events);
  const missing = await prepareRole(kernel, { name: contract.name, ...names, password });
  const statements = missing?.details?.["statements"] ?? (await listAdvised(kernel, names));
  await kernel.database.query("update service.service set reason = $2, statements = $3 where name = $1", [
    contract.name,
    missing === undefined ? null : missing.message,
    statements,
  ]);
  // Running processes learn the new types and find the service without a restart.
  kernel.wakeups.wake("schemas");
  if (missing !== undefined) throw missing;
  return { name: contract.name, ...names, contractHash, password };
}

async function recordService(
  tx: Transaction,
  { name, title }: ServiceContract,
  {
    names,
    contractHash,
    document,
    guide,
  }: { names: ServiceNames; contractHash: string; document: OpenApiDocument; guide: string },
): Promise<void> {
  await tx.query(
    `insert into service.contract (hash, service, document) values ($1, $2, $3) on conflict (hash) do nothing`,
    [contractHash, name, JSON.stringify(document)],
  );
  await tx.query(
    `insert into service.service as s (name, title, role_name, schema_name, contract_hash, guide) values ($1, $2, $3, $4, $5, $6)
     on conflict (name) do update set title = excluded.title, guide = excluded.guide, contract_hash = excluded.contract_hash, role_name = excluded.role_name,
       installed_at = roost.now()`,
    [name, title, names.roleName, names.schemaName, contractHash, guide],
  );
}

/** Agents name both in one list. */
async function refuseThirdParty(tx: Transaction, name: string): Promise<void> {
  const found = await tx.query("select from service.third_party where name = $1", [name]);
  if (found.length > 0)
    throw new RoostError(
      "conflict",
      `There is a third-party service "${name}": remove it with roost service remove ${name}`,
    );
}

/** Invariant: a topic belongs to one service, and the kernel's belong to none. */
async function claimTopics(
  tx: Transaction,
  { name, topics }: ServiceContract,
  known: ReadonlySet<string>,
): Promise<void> {
  for (const topic of topics) {
    const taken = await tx.query(
      "insert into service.topic (topic, service) values ($1, $2) on conflict do nothing returning 1",
      [topic, name],
    );
    const [row] = await tx.query<{ service: string }>("select service from service.topic where topic = $1", [topic]);
    const isKernels = taken.length > 0 && known.has(topic);
    if (row?.service === name && !isKernels) continue;
    throw new RoostError("conflict", `topic "${topic}" is not free for service "${name}": choose another name`);
  }
}

/** The error when it cannot be created here. */
async function prepareRole(
  kernel: Kernel,
  { name, password, ...names }: ServiceNames & { name: string; password: string },
): Promise<RoostError | undefined> {
  const { roleName, loginName } = names;
  return kernel.database.transact(async (tx) => {
    await tx.query("select pg_advisory_xact_lock(hashtextextended('roost.services', 0))");
    const [found] = await tx.query<{ hasRole: boolean; hasLogin: boolean; mayCreate: boolean }>(
      `select exists (select from pg_roles where rolname = $1) as "hasRole", exists (select from pg_roles where rolname = $2) as "hasLogin",
         (select rolcreaterole or rolsuper from pg_roles where rolname = current_user) as "mayCreate"`,
      [roleName, loginName],
    );
    const { hasRole = false, hasLogin = false, mayCreate = false } = found ?? {};
    if (!(hasRole && hasLogin) && !mayCreate) return mayNotCreate(names);
    if (!hasRole) for (const statement of roleStatements(names)) await tx.query(statement);
    if (!hasLogin) for (const statement of serviceLoginStatements({ ...names, password })) await tx.query(statement);
    // Secrets are new at each start.
    else if (mayCreate) await tx.query(`alter role ${escapeIdentifier(loginName)} password ${escapeLiteral(password)}`);
    for (const statement of grantStatements(names)) await tx.query(statement);
    await tx.query("insert into service.login (role_name, service) values ($1, $2) on conflict do nothing", [
      loginName,
      name,
    ]);
    return undefined;
  });
}

/** What an administrator should run although the service runs without it. */
async function listAdvised({ database }: Kernel, { roleName }: ServiceNames): Promise<string[]> {
  return (await mayMakeLargeObjects(database, roleName)) ? [noLargeObjects] : [];
}

function mayNotCreate(names: ServiceNames): RoostError {
  const login = serviceLoginStatements({ ...names, password: undefined });
  const statements = [...roleStatements(names), ...login, ...grantStatements(names)];
  return new RoostError(
    "forbidden",
    `The home's database user may not create roles, and ${names.roleName} or its login ${names.loginName} does not exist: an administrator must run the statements shown by roost doctor`,
    { details: { statements } },
  );
}
