import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { test } from "node:test";
import { createLogger, RoostError, silentLogger } from "@roost/base";
import { attributes } from "./attributes.ts";
import { openTelemetry } from "./telemetry.ts";
import { parseTraceparent, traceparentOf } from "./traceparent.ts";

interface OtlpSpan {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: { key: string; value: Record<string, unknown> }[];
  events?: { name: string }[];
  status: { code?: number; message?: string };
}

interface Collector extends AsyncDisposable {
  endpoint: string;
  spans: OtlpSpan[];
  resources: string;
}

/** A collector of OTLP/HTTP with JSON on a free port. */
async function openCollector(): Promise<Collector> {
  const collected = { spans: [] as OtlpSpan[], resources: "" };
  const collect = async (request: IncomingMessage, response: ServerResponse) => {
    assert.equal(request.url, "/v1/traces");
    const body = (await json(request)) as {
      resourceSpans: { resource: unknown; scopeSpans: { spans: OtlpSpan[] }[] }[];
    };
    for (const { resource, scopeSpans } of body.resourceSpans) {
      collected.resources += JSON.stringify(resource);
      for (const { spans } of scopeSpans) collected.spans.push(...spans);
    }
    response.end("{}");
  };
  const server: Server = createServer((request, response) => void collect(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    get spans() {
      return collected.spans;
    },
    get resources() {
      return collected.resources;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

for (const kind of ["without", "with"] as const) {
  test(`Telemetry.span() ${kind} a collector returns, throws on, and nests in the span around it`, async () => {
    await using collector = await openCollector();
    await using telemetry = await openTelemetry({
      serviceName: "test",
      otlpEndpoint: kind === "with" ? collector.endpoint : undefined,
      logger: silentLogger,
    });
    const result = await telemetry.span("outer", { parent }, async (outer) => {
      const outerContext = parseTraceparent(traceparentOf(outer));
      assert.equal(outerContext?.traceId, parseTraceparent(parent)?.traceId);
      assert.notEqual(outerContext?.spanId, parseTraceparent(parent)?.spanId);
      return await telemetry.span("inner", {}, async (inner) => {
        assert.equal(parseTraceparent(traceparentOf(inner))?.traceId, outerContext?.traceId);
        assert.notEqual(traceparentOf(inner), traceparentOf(outer));
        return 7;
      });
    });
    assert.equal(result, 7);
    const failure = new Error("broken");
    await assert.rejects(
      telemetry.span("fails", {}, () => Promise.reject(failure)),
      failure,
    );
    await telemetry.span("outer", { parent }, () =>
      telemetry.span("fresh", { parent: null }, async (fresh) => {
        assert.notEqual(parseTraceparent(traceparentOf(fresh))?.traceId, parseTraceparent(parent)?.traceId);
      }),
    );
  });
}

test("openTelemetry() sends spans to the collector, the last ones when it is closed", async () => {
  await using collector = await openCollector();
  const telemetry = await openTelemetry({
    serviceName: "roost-test",
    otlpEndpoint: collector.endpoint,
    logger: silentLogger,
  });
  await telemetry.span(
    "run",
    { kind: "CONSUMER", parent, attributes: { [attributes.runId]: "r1", [attributes.jobId]: undefined } },
    async (span) => {
      span.setAttributes({ [attributes.genAiInputTokens]: 12, [attributes.genAiFinishReasons]: ["stop"] });
      span.addEvent("resumed");
      await assert.rejects(telemetry.span("step", {}, () => Promise.reject(new RoostError("timeout", "too late"))));
    },
  );
  await telemetry[Symbol.asyncDispose]();

  assert.match(collector.resources, /roost-test/);
  const run = collector.spans.find((span) => span.name === "run");
  const step = collector.spans.find((span) => span.name === "step");
  assert.ok(run !== undefined && step !== undefined);
  assert.equal(run.parentSpanId, "b7ad6b7169203331");
  assert.equal(run.kind, 5);
  assert.equal(step.parentSpanId, run.spanId);
  assert.equal(step.traceId, run.traceId);
  assert.deepEqual(run.attributes.map(({ key }) => key).toSorted(), [
    "gen_ai.response.finish_reasons",
    "gen_ai.usage.input_tokens",
    "roost.run.id",
  ]);
  assert.deepEqual(
    run.events?.map(({ name }) => name),
    ["resumed"],
  );
  assert.equal(step.status.code, 2);
  assert.deepEqual(step.attributes, [{ key: "error.type", value: { stringValue: "timeout" } }]);
  assert.deepEqual(
    step.events?.map(({ name }) => name),
    ["exception"],
  );
});

test("openTelemetry() fails nothing and says so when there is no collector", async () => {
  const lines: string[] = [];
  const logger = createLogger({ level: "warn", write: (line) => lines.push(line) });
  const closed = await openCollector();
  await closed[Symbol.asyncDispose]();
  const telemetry = await openTelemetry({
    serviceName: "test",
    otlpEndpoint: closed.endpoint,
    logger,
    closeMsMax: 100,
  });
  assert.equal(await telemetry.span("work", {}, async () => 1), 1);
  await telemetry[Symbol.asyncDispose]();
  assert.match(lines.join(""), /spans could not be sent/);
});
