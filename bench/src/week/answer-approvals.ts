/** The person at the inbox: approves each call that waits, as soon as it is asked for, for that call alone. */
import type { LivingHome } from "../living-home/start-home.ts";

export interface ApprovedCall {
  /** The day on which it was asked for. */
  day: string;
  title: string;
}

export interface Person extends AsyncDisposable {
  asked: readonly ApprovedCall[];
  /** Rejects when the inbox cannot be answered. */
  failed: Promise<never>;
}

export function answerApprovals({ api }: LivingHome): Person {
  const asked: ApprovedCall[] = [];
  const gone = new AbortController();
  const answer = async () => {
    for await (const _event of api.tailEvents({ types: ["question.asked"] }, { signal: gone.signal })) {
      for (const entry of (await api.listInbox({ limit: 50 })).items) {
        if (entry.kind !== "approval") continue;
        asked.push({ day: entry.since.slice(0, 10), title: entry.title });
        await api.answerQuestion({ questionId: entry.question.id, answer: "approve" });
      }
    }
  };
  // The stream ends with the home, or when the week is over.
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const going = answer().catch((error: unknown) => {
    if (!gone.signal.aborted) failed.reject(error);
  });
  return {
    asked,
    failed: failed.promise,
    async [Symbol.asyncDispose]() {
      gone.abort();
      await going;
    },
  };
}
