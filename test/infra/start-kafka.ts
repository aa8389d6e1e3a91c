/** A real Apache Kafka in KRaft mode, of one or three brokers, plain or with TLS and SASL SCRAM. */
import { freePorts } from "@roost/base/testing";
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createCertificates, type Certificates } from "./create-certificates.ts";
import type { Host } from "./open-hosts.ts";
import { requirePart } from "./parts.ts";
import { openServers, type Server, type ServerCommand } from "./servers.ts";

const run = promisify(execFile);
const heap = "-Xmx256m";
const formatMsMax = 120_000;

export interface StartKafka {
  /** Default 1. */
  brokers?: 1 | 3;
  /** TLS and SASL SCRAM-SHA-256 in place of plain connections. */
  secure?: boolean;
  /** Of this machine, where clients on other hosts reach it. Default: this machine alone. */
  address?: string;
  /** A host for each broker. Default: all on this machine. */
  hosts?: readonly Host[];
  /** By what clients reach the broker that listens there, `host:port` as well. Default: by that itself. */
  through?: (broker: { host: string; port: number }) => Promise<string>;
}

export interface RealKafka extends AsyncDisposable {
  /** `host:port` of each broker. */
  readonly brokers: string[];
  /** PEM of the authority, with `secure`. */
  readonly certificates: Certificates | undefined;
  readonly user: { username: string; password: string };
  /** At once, as a power cut. */
  kill(broker: number): Promise<void>;
  start(broker: number): Promise<void>;
}

interface Node {
  id: number;
  directory: string;
  properties: string;
  /** What stands before its program. */
  command: readonly string[];
  address: string;
  clients: number;
  /** `host:port`, where others are told that it is. */
  reached: string;
  controller: number;
  uuid: string;
}

/** @throws Error when Kafka is not installed: ask requirePart first */
export async function startKafka({
  brokers = 1,
  secure = false,
  address = "127.0.0.1",
  hosts,
  through = async ({ host, port }) => `${host}:${port}`,
}: StartKafka = {}): Promise<RealKafka> {
  const part = await requirePart("kafka");
  if (part.skip !== false) throw new Error(part.skip);
  await using opened = new AsyncDisposableStack();
  const servers = opened.use(await openServers());
  const certificates = secure ? await createCertificates(servers.directory) : undefined;
  const user = { username: "roost", password: "secret of a test" };
  const places = Array.from({ length: brokers }, (_, index) => hosts?.[index] ?? { address, command: [] });
  const nodes = await layOut(servers.directory, { places, through });
  await writeFile(join(servers.directory, "log4j2.yaml"), loggingYaml);
  await Promise.all(nodes.map((node) => writeFile(node.properties, propertiesOf(node, nodes, { certificates, user }))));
  const classPath = join(part.directory, "*");
  const cluster = randomUuid();
  await Promise.all(nodes.map((node) => format({ node, nodes, classPath, cluster, user: secure ? user : undefined })));
  const running = new Map<number, Server>();
  const start = async (id: number) => {
    const node = nodes[id - 1]!;
    running.set(id, await servers.start(commandOf(node, servers.directory, classPath)));
  };
  await Promise.all(nodes.map(({ id }) => start(id)));
  const owned = opened.move();
  return {
    brokers: nodes.map(({ reached }) => reached),
    certificates,
    user,
    kill: (id) => running.get(id)!.kill(),
    start,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function layOut(
  directory: string,
  { places, through }: Required<Pick<StartKafka, "through">> & { places: Pick<Host, "address" | "command">[] },
): Promise<Node[]> {
  const ports = await freePorts(places.length * 2);
  const nodes = places.map(async ({ address, command }, index): Promise<Node> => {
    const clients = ports[index * 2]!;
    return {
      id: index + 1,
      directory: join(directory, `broker-${index + 1}`),
      properties: join(directory, `broker-${index + 1}.properties`),
      command,
      address,
      clients,
      reached: await through({ host: address, port: clients }),
      controller: ports[index * 2 + 1]!,
      uuid: randomUuid(),
    };
  });
  const laidOut = await Promise.all(nodes);
  await Promise.all(laidOut.map((node) => mkdir(node.directory)));
  return laidOut;
}

function commandOf(node: Node, directory: string, classPath: string): ServerCommand {
  const options = [heap, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
  const logging = `-Dlog4j2.configurationFile=${join(directory, "log4j2.yaml")}`;
  const [program, ...before] = [...node.command, "java"];
  return {
    name: `kafka-${node.id}`,
    program,
    args: [...before, ...options, logging, "-cp", classPath, "kafka.Kafka", node.properties],
    ready: /Kafka Server started/,
  };
}

function propertiesOf(
  { id, directory, address, clients, reached, controller }: Node,
  nodes: readonly Node[],
  { certificates, user }: { certificates: Certificates | undefined; user: RealKafka["user"] },
): string {
  const copies = Math.min(3, nodes.length);
  const name = certificates === undefined ? "PLAINTEXT" : "SASL";
  const scram = `org.apache.kafka.common.security.scram.ScramLoginModule required username="${user.username}" password="${user.password}";`;
  const lines = [
    "process.roles=broker,controller",
    `node.id=${id}`,
    `controller.quorum.bootstrap.servers=${nodes.map((node) => `${node.address}:${node.controller}`).join(",")}`,
    `listeners=${name}://${address}:${clients},CONTROLLER://${address}:${controller}`,
    `advertised.listeners=${name}://${reached}`,
    "controller.listener.names=CONTROLLER",
    `inter.broker.listener.name=${name}`,
    "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL:SASL_SSL,CONTROLLER:PLAINTEXT",
    `log.dirs=${directory}`,
    "auto.create.topics.enable=false",
    ...["offsets.topic", "transaction.state.log", "share.coordinator.state.topic"].map(
      (topic) => `${topic}.replication.factor=${copies}`,
    ),
    ...["transaction.state.log", "share.coordinator.state.topic"].map(
      (topic) => `${topic}.min.isr=${Math.max(1, copies - 1)}`,
    ),
    `min.insync.replicas=${Math.max(1, copies - 1)}`,
    "offsets.topic.num.partitions=4",
    "transaction.state.log.num.partitions=4",
    "group.initial.rebalance.delay.ms=0",
    "log.cleaner.dedupe.buffer.size=16777216",
    // So that others take over soon.
    "broker.session.timeout.ms=3000",
    "broker.heartbeat.interval.ms=500",
    ...(certificates === undefined
      ? []
      : [
          "listener.name.sasl.ssl.keystore.type=PEM",
          `listener.name.sasl.ssl.keystore.location=${certificates.togetherFile}`,
          "listener.name.sasl.ssl.truststore.type=PEM",
          `listener.name.sasl.ssl.truststore.location=${certificates.authorityFile}`,
          "listener.name.sasl.sasl.enabled.mechanisms=SCRAM-SHA-256",
          "sasl.mechanism.inter.broker.protocol=SCRAM-SHA-256",
          `listener.name.sasl.scram-sha-256.sasl.jaas.config=${scram}`,
        ]),
  ];
  return `${lines.join("\n")}\n`;
}

interface Format {
  node: Node;
  nodes: readonly Node[];
  classPath: string;
  cluster: string;
  user: RealKafka["user"] | undefined;
}

async function format({ node, nodes, classPath, cluster, user }: Format): Promise<void> {
  const controllers = nodes.map((each) => `${each.id}@${each.address}:${each.controller}:${each.uuid}`).join(",");
  const quorum = nodes.length === 1 ? ["--standalone"] : ["--initial-controllers", controllers];
  const scram = user && ["--add-scram", `SCRAM-SHA-256=[name=${user.username},password=${user.password}]`];
  const tool = ["-Xmx96m", "-XX:TieredStopAtLevel=1", "-cp", classPath, "kafka.tools.StorageTool", "format"];
  await run("java", [...tool, ...quorum, "-t", cluster, "-c", node.properties, ...(scram ?? [])], {
    timeout: formatMsMax,
  });
}

/** As Kafka writes them. */
function randomUuid(): string {
  // One that begins with a dash would be taken for an option.
  return `R${Buffer.from(crypto.randomUUID().replaceAll("-", ""), "hex").toString("base64url").slice(1)}`;
}

const loggingYaml = `Configuration:
  Appenders:
    Console:
      name: console
      target: SYSTEM_OUT
      PatternLayout:
        Pattern: "[%d] %p %m (%c)%n"
  Loggers:
    Root:
      level: INFO
      AppenderRef:
        - ref: console
`;
