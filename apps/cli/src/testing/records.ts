/** Records as a gateway returns them, with fields given by a test. */
import type {
  ActivityRecord,
  Event,
  HomeFact,
  JobRecord,
  QuestionRecord,
  RunRecord,
  RunSummary,
  OutsideSourceStatus,
  Status,
} from "@roost/contract/operations";

export const someTime = "2025-06-01T08:00:00.000Z";
export const someRunId = "0197a3c0-0000-7000-8000-0000a1b2c3d4";

export function someSummary(given: Partial<RunSummary> = {}): RunSummary {
  return {
    id: someRunId,
    state: "done",
    title: "hello",
    agent: "main",
    sessionKey: "main",
    sessionKind: "main",
    jobId: null,
    parentRunId: null,
    reason: "a message",
    scheduledAt: null,
    lateMs: 0,
    missedCount: 0,
    attempt: 1,
    attemptsMax: 1,
    workerId: null,
    waitingFor: null,
    cancelRequestedAt: null,
    error: null,
    costUsd: 0.0123,
    tokens: 1200,
    isRehearsed: false,
    createdAt: someTime,
    startedAt: someTime,
    endedAt: someTime,
    ...given,
  };
}

export function someRun(given: Partial<RunRecord> = {}): RunRecord {
  return {
    ...someSummary(),
    queue: "default",
    epoch: 1,
    deadlineAt: null,
    cancelReason: null,
    budget: null,
    postconditions: [],
    jobVersion: null,
    agentVersion: null,
    loopVersion: null,
    retryOf: null,
    forkedFrom: null,
    forkedSeq: null,
    correlation: "c",
    causation: null,
    traceparent: null,
    traceId: "c".repeat(32),
    input: {},
    output: null,
    ...given,
  };
}

export function someQuestion(given: Partial<QuestionRecord> = {}): QuestionRecord {
  return {
    id: someRunId,
    kind: "question",
    approval: null,
    prompt: "May I?",
    choices: null,
    state: "open",
    answer: null,
    agent: "main",
    runId: someRunId,
    jobId: null,
    askedAt: someTime,
    answeredAt: null,
    answeredBy: null,
    expiresAt: null,
    ...given,
  };
}

export function someFact(given: Partial<HomeFact> = {}): HomeFact {
  return {
    id: "0197a3c0-0000-7000-8000-0000a1b2c3d4",
    statement: "Anna lives in Berlin",
    subject: "Anna",
    attribute: "lives in",
    value: "Berlin",
    isSingle: true,
    validFrom: someTime,
    validTo: null,
    recordedAt: someTime,
    retractedAt: null,
    reason: null,
    replacedBy: null,
    isClaim: false,
    confidence: 1,
    extractor: "person",
    by: "cli",
    sourceEvent: "e1",
    labels: ["aud:main", "trust:owner"],
    ...given,
  };
}

export function someEvent(type: string, data: Record<string, unknown> = {}): Event {
  return {
    topic: "runs",
    partition: 0,
    offset: 0,
    id: "e1",
    type,
    version: 1,
    source: "roost",
    subject: someRunId,
    time: someTime,
    data,
    correlation: "c",
    causation: null,
    traceparent: null,
    labels: [],
  };
}

export function someActivity(given: Partial<ActivityRecord> = {}): ActivityRecord {
  return {
    kind: "run",
    id: someRunId,
    title: "Blog writer",
    agent: "main",
    sessionKey: "cron:blog",
    state: "running",
    why: "tick of 06:00",
    causedBy: null,
    holds: [],
    waitingFor: null,
    sinceAt: someTime,
    dueAt: null,
    workerId: null,
    stepName: "write_file",
    costUsd: 0.02,
    tokens: 100,
    runId: someRunId,
    jobId: "blog",
    ...given,
  };
}

export function someJob(given: Partial<JobRecord> = {}): JobRecord {
  return {
    id: "mail",
    version: 3,
    state: "active",
    definition: {
      agent: "main",
      session: "cron",
      trigger: { kind: "every", every: "20m" },
      prompt: "Look through the mail",
      catchUp: { policy: "last" },
      overlap: "skip",
      jitterMs: 0,
      timeoutMs: 1_800_000,
      retry: { attemptsMax: 1, backoffMs: 30_000, backoffFactor: 2, backoffMsMax: 3_600_000 },
      onUnknown: "tell",
      enabled: true,
    },
    pausedReason: null,
    definedBy: "person:owner",
    source: null,
    nextAt: null,
    dueAt: null,
    failing: null,
    gatheredCount: 0,
    lastTick: null,
    activeRunIds: [],
    updatedAt: someTime,
    ...given,
  };
}

/** For a run that started no others. */
export const nothingBelow = { runCount: 0, costUsd: 0, tokens: 0 };

export function someStatus(given: Partial<Status> = {}): Status {
  return {
    version: "0.1.0",
    home: "/srv/roost",
    startedAt: someTime,
    timeZone: "UTC",
    uptimeMs: 1,
    engine: { version: "18", embedded: true },
    model: { mode: "live", provider: "ROOST_MODEL_URL", name: "small", reason: null },
    workers: [],
    schedulers: [],
    counts: { ready: 0, queued: 0, running: 0, waiting: 0, openQuestions: 0 },
    due: [],
    spend: { since: someTime, usd: 0, tokens: 0, usdMax: null, tokensMax: null },
    alarms: [],
    ...given,
  };
}

/** One whose last looks failed, in words of its server. */
export function someSource(given: Partial<OutsideSourceStatus> = {}): OutsideSourceStatus {
  return {
    name: "work",
    kind: "mail",
    server: "imaps://eva@mail.example.org",
    lookedAt: someTime,
    nextLookAt: null,
    laterCount: 7,
    leftOut: [{ name: "Each second", why: "no end" }],
    failureCount: 2,
    error: "the server says\nno",
    ...given,
  };
}
