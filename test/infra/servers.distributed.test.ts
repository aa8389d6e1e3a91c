/** The servers of distributed tests: each starts, answers, is killed and comes back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { openDatabase } from "@roost/database";
import { silentLogger } from "@roost/base";
import { requirePart } from "./parts.ts";
import { canConnect } from "./servers.ts";
import { startKafka } from "./start-kafka.ts";
import { startPostgres } from "./start-postgres.ts";
import { startS3 } from "./start-s3.ts";

const [kafkaPart, s3Part] = await Promise.all([requirePart("kafka"), requirePart("s3")]);

test("startKafka() starts one broker, which is killed and comes back", { skip: kafkaPart.skip }, async () => {
  await using kafka = await startKafka();
  assert.equal(kafka.brokers.length, 1);
  assert.equal(await canConnect(portOf(kafka.brokers[0]!)), true);
  await kafka.kill(1);
  assert.equal(await canConnect(portOf(kafka.brokers[0]!)), false);
  await kafka.start(1);
  assert.equal(await canConnect(portOf(kafka.brokers[0]!)), true);
});

test("startKafka() starts three brokers with TLS of its own authority", { skip: kafkaPart.skip }, async () => {
  await using kafka = await startKafka({ brokers: 3, secure: true });
  for (const broker of kafka.brokers) {
    const [host, port] = broker.split(":");
    const trusted = connectTls({ host: host!, port: Number(port), ca: kafka.certificates!.authority });
    await new Promise<void>((resolve, reject) => trusted.once("secureConnect", resolve).once("error", reject));
    trusted.destroy();
  }
});

test("startPostgres() starts a primary with a replica that follows it and can be promoted", async () => {
  await using postgres = await startPostgres({ replica: true });
  const url = new URL(postgres.url().replace(/,[^/]+/, ""));
  const trust = `?sslmode=verify-full&sslrootcert=${encodeURIComponent(postgres.certificates.authorityFile)}`;
  const open = (port: number) => {
    url.port = String(port);
    return openDatabase({ url: `${url.href}${trust}`, applicationName: "test", logger: silentLogger, poolMax: 1 });
  };
  {
    await using primary = await open(postgres.primary.port);
    await primary.query("create table t (n integer)");
    await primary.query("insert into t values (7)");
    assert.equal((await primary.query("select pid from pg_stat_replication")).length, 1);
  }
  await postgres.primary.kill();
  await postgres.promote();
  await using promoted = await open(postgres.replica!.port);
  assert.deepEqual(await promoted.query("insert into t values (8) returning n"), [{ n: 8 }]);
});

test("startS3() answers who signs, and refuses others", { skip: s3Part.skip }, async () => {
  await using s3 = await startS3();
  assert.equal((await fetch(`${s3.endpoint}/roost`)).status, 403);
  await s3.kill();
  await assert.rejects(fetch(s3.endpoint));
  await s3.start();
  assert.equal((await fetch(`${s3.endpoint}/roost`)).status, 403);
});

const portOf = (address: string) => Number(address.split(":")[1]);
