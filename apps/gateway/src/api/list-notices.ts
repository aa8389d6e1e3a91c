/** Notices are events: lists the newest, each with its delivery. */
import { RoostError } from "@roost/base";
import { type Handler, placeOf, textPlace, toPage } from "@roost/contract";
import type { listNotices as operation, Notice } from "@roost/contract/operations";
import { readLatest, type Kernel, type StoredEvent } from "@roost/kernel";

const noticesReadMax = 1_000;

export function listNotices(kernel: Kernel): Handler<typeof operation> {
  return async ({ limit, after, state }) => {
    const latest = await readLatest(kernel.database, { topics: ["notices"], limit: noticesReadMax });
    const events = kernel.registry.upcast(latest.events);
    const outcomes = new Map(
      events.filter(({ type }) => type !== "notice.raised").map((event) => [event.subject, event]),
    );
    const notices = events
      .filter(({ type }) => type === "notice.raised")
      .toReversed()
      .map((event) => toNotice(event, outcomes.get(event.subject)))
      .filter((notice) => state === undefined || notice.state === state);
    const place = placeOf(textPlace, after);
    const begin = place === undefined ? 0 : notices.findIndex(({ id }) => id === place) + 1;
    if (place !== undefined && begin === 0) {
      throw new RoostError(
        "invalid_input",
        `The cursor "${place.slice(0, 64)}" is not in this list: start again without \`after\``,
      );
    }
    const shown = notices.slice(begin, begin + limit);
    return toPage(shown, begin + shown.length < notices.length ? shown.at(-1)?.id : null);
  };
}

function toNotice(raised: StoredEvent, outcome: StoredEvent | undefined): Notice {
  const { data } = raised;
  const text = (name: string) => (typeof data[name] === "string" ? data[name] : null);
  const reason = outcome?.data["reason"];
  return {
    id: text("noticeId") ?? raised.id,
    level: (text("level") ?? "info") as Notice["level"],
    text: text("text") ?? "",
    target: text("target"),
    state: outcome === undefined ? "raised" : outcome.type === "notice.delivered" ? "delivered" : "failed",
    source:
      text("source") ?? (text("jobId") === null ? `run:${text("runId") ?? "unknown"}` : `job:${text("jobId") ?? ""}`),
    runId: text("runId"),
    jobId: text("jobId"),
    error: typeof reason === "string" ? reason : null,
    createdAt: raised.time.toISOString(),
    deliveredAt: outcome?.type === "notice.delivered" ? outcome.time.toISOString() : null,
  };
}
