/** Checks through the gateway: clock, database, model, workers and alarms. */
import { formatDurationMs, toRoostError, type Clock } from "@roost/base";
import type { ModelCheck, OutsideSourceCheck, ServiceRecord, Status } from "@roost/contract/operations";
import type { Connection } from "../connect.ts";
import { relativeTime } from "../print/relative-time.ts";
import type { Check } from "./check.ts";

const skewMsMax = 5000;
const answerMsMax = 10_000;
const modelMsMax = 90_000;
const sourcesMsMax = 45_000;
const silentMsMax = 60_000;

export async function checkGateway(connect: () => Promise<Connection>, clock: Clock): Promise<Check[]> {
  let connection: Connection;
  try {
    connection = await connect();
  } catch (thrown) {
    return [{ name: "gateway", state: "bad", text: toRoostError(thrown).message }];
  }
  const { client, url, token } = connection;
  try {
    const status = await client.getStatus({}, { timeoutMs: answerMsMax });
    return [
      {
        name: "gateway",
        state: "good",
        text: `${url}, version ${status.version}, up ${formatDurationMs(status.uptimeMs)}`,
      },
      await checkClock(url, token, clock),
      ...checkStatus(status, clock.nowMs()),
      ...(isModelWell(status) ? await askModels(client) : []),
      ...(await trySources(client)),
      ...checkServices((await client.listServices({ limit: 500 }, { timeoutMs: answerMsMax })).items),
      ...checkHosts((await client.listHosts({ limit: 1 }, { timeoutMs: answerMsMax })).statements),
    ];
  } catch (thrown) {
    const { code, message } = toRoostError(thrown);
    const advice =
      code === "unauthenticated"
        ? "the token belongs to another gateway: unset ROOST_TOKEN, or use the one in the home's .roost/token"
        : "see .roost/logs/roost.log in the home; restart with roost down, roost up";
    return [{ name: "gateway", state: "bad", text: message, advice }];
  }
}

/** The Date header has a resolution of one second. */
async function checkClock(url: string, token: string, clock: Clock): Promise<Check> {
  const sentMs = clock.nowMs();
  const response = await fetch(`${url}/api/v1/status`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(answerMsMax),
  }).catch(() => undefined);
  await response?.body?.cancel();
  const date = response?.headers.get("date");
  if (date === null || date === undefined) return { name: "clock", state: "skipped", text: "the gateway sent no time" };
  const skewMs = Math.abs(Date.parse(date) + 500 - (sentMs + clock.nowMs()) / 2);
  return skewMs <= skewMsMax
    ? { name: "clock", state: "good", text: "agrees with the gateway's" }
    : {
        name: "clock",
        state: "warn",
        text: `${formatDurationMs(skewMs)} off the gateway's`,
        advice: "synchronise both hosts with NTP; Roost itself uses the database's clock",
      };
}

export function checkStatus(status: Status, nowMs: number): Check[] {
  const { engine, workers, alarms } = status;
  return [
    {
      name: "postgresql",
      state: "good",
      text: `${engine.version}${engine.embedded ? ", embedded" : ", DATABASE_URL"}`,
    },
    checkModel(status),
    checkWorkers(workers, nowMs),
    ...alarms
      .filter(({ code }) => code !== modelProblem)
      .map((alarm): Check => ({ name: "alarm", state: "bad", text: `${alarm.text} (${alarm.code})` })),
  ];
}

function isModelWell({ model, alarms }: Status): boolean {
  return model.mode === "live" && alarms.every(({ code }) => code !== modelProblem);
}

/** Each model is asked for one token. */
async function askModels(client: Connection["client"]): Promise<Check[]> {
  try {
    const { models } = await client.checkModels({}, { timeoutMs: modelMsMax });
    return models.map(checkAnswer);
  } catch (thrown) {
    return [{ name: "one token", state: "bad", text: toRoostError(thrown).message }];
  }
}

/** Each is logged in to. */
async function trySources(client: Connection["client"]): Promise<Check[]> {
  try {
    return (await client.checkSources({}, { timeoutMs: sourcesMsMax })).sources.map(checkSource);
  } catch (thrown) {
    return [{ name: "sources", state: "bad", text: toRoostError(thrown).message }];
  }
}

export function checkSource({ name, kind, state, text, next }: OutsideSourceCheck): Check {
  return {
    name: `${kind} ${name}`,
    state: state === "works" ? "good" : "bad",
    text,
    ...(next !== null && { advice: next }),
  };
}

export function checkAnswer({ id, name, state, text }: ModelCheck): Check {
  const check = { name: "one token", text: `${name} (${id}): ${text}` };
  if (state === "answers") return { ...check, state: "good" };
  if (state === "fails")
    return {
      ...check,
      state: "bad",
      advice: "docs/models.md has the settings of each server; a change needs a restart",
    };
  return { ...check, state: "warn", advice: "it may be loading or busy: ask again, or raise silenceMax in roost.yaml" };
}

/** The alarm for a problem with the model. */
const modelProblem = "model_problem";

function checkModel({ model, alarms }: Status): Check {
  const problem = alarms.find(({ code }) => code === modelProblem);
  if (problem !== undefined) return { name: "model", state: "bad", text: problem.text };
  // What to do about it is told with it: each server has a setting of its own.
  const [, smallContext, advice = "docs/models.md says how to give it a larger one"] =
    /((?:its context|the context of \S+) is (?:assumed to be )?\d+ [^;]*)(?:; (start .*))?/.exec(model.reason ?? "") ??
    [];
  if (model.mode === "live" && smallContext !== undefined)
    return {
      name: "model",
      state: "warn",
      text: `${model.provider ?? ""} ${model.name ?? ""}: ${smallContext}`,
      advice,
    };
  if (model.mode === "live")
    return { name: "model", state: "good", text: [model.provider, model.name].filter(Boolean).join(" ") };
  return {
    name: "model",
    state: "warn",
    text: `rehearsal: ${model.reason ?? "there is no model"}`,
    advice: "set OPENROUTER_API_KEY, OPENAI_API_KEY or ROOST_MODEL_URL, or start Ollama, and start Roost again",
  };
}

/** Nothing is reported where the database lets hosts have what they need, and no more. */
export function checkHosts(statements: readonly string[]): Check[] {
  if (statements.length === 0) return [];
  const text = statements.some((statement) => statement.startsWith("alter role"))
    ? "the home's database user may make no logins for workers on other hosts"
    : "workers on other hosts have more rights than they need";
  return [{ name: "hosts", state: "warn", text, advice: asAdministrator(statements) }];
}

function asAdministrator(statements: readonly string[]): string {
  return `as an administrator of the database: ${statements.map((statement) => `${statement};`).join(" ")}`;
}

/** Nothing is reported where there are no services. */
export function checkServices(services: readonly ServiceRecord[]): Check[] {
  return services.map(({ name, title, state, instanceCount, reason, statements }): Check => {
    const check = `service ${name}`;
    const advice = asAdministrator(statements);
    if (state === "blocked")
      return {
        name: check,
        state: "bad",
        text: reason ?? "blocked",
        advice: statements.length > 0 ? advice : undefined,
      };
    if (state === "stopped") return { name: check, state: "warn", text: `${title} is not running` };
    if (statements.length > 0)
      return { name: check, state: "warn", text: `${title} runs with more rights than it needs`, advice };
    return { name: check, state: "good", text: `${title}, ${instanceCount} running` };
  });
}

function checkWorkers(workers: Status["workers"], nowMs: number): Check {
  if (workers.length === 0)
    return {
      name: "workers",
      state: "bad",
      text: "none: no run can start",
      advice: "see .roost/logs/roost.log in the home; ROOST_WORKERS sets how many",
    };
  const silent = workers.filter(({ seenAt }) => nowMs - Date.parse(seenAt) > silentMsMax);
  if (silent.length > 0)
    return {
      name: "workers",
      state: "warn",
      text: `${silent.length} of ${workers.length} silent, the first seen ${relativeTime(silent[0]?.seenAt, nowMs)}`,
      advice: "the supervisor replaces a hung worker; see .roost/logs/roost.log in the home",
    };
  return { name: "workers", state: "good", text: `${workers.length} running` };
}
