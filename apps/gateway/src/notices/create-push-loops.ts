/** What wakes the person's browsers: notices, and questions with the approvals among them. Where no browser takes pushes, nothing is theirs. */
import { listPushSubscriptions, notePushes } from "@roost/access";
import { RoostError, systemClock, toRoostError } from "@roost/base";
import {
  emptyOutbox,
  groupsChannel,
  listQuestions,
  type Kernel,
  type SchedulerLoop,
  type StoredEvent,
} from "@roost/kernel";
import { createNoticeLoop, type Outlet } from "./create-notice-loop.ts";
import { readPushKey, sendPush } from "./send-push.ts";

export interface PushLoopsOptions {
  homeDir: string;
  timeZone: string;
  signal: AbortSignal;
}

const pollMs = 30_000;

export function createPushLoops(kernel: Kernel, { homeDir, timeZone, signal }: PushLoopsOptions): SchedulerLoop[] {
  let isAnyone = false;
  const look = async () => {
    isAnyone = (await listPushSubscriptions(kernel)).length > 0;
  };
  const wake = (id: string) => wakeAll(kernel, { homeDir, id, signal });
  const outlet: Outlet = {
    target: "push",
    name: "Web push",
    isDefault: () => isAnyone,
    prepare: look,
    send: (_message, { idempotencyKey }) => wake(idempotencyKey),
  };
  const questions = {
    name: "roost.questions.push",
    topic: "notices",
    eventType: "question.asked",
    isWanted: () => isAnyone,
    async send({ id, subject }: StoredEvent) {
      // Answered meanwhile, at another place perhaps: nothing is left to look at.
      const [question] = await listQuestions(kernel, { ids: [subject ?? ""], limit: 1 });
      if (question?.state === "open") await wake(id);
    },
    sent: async () => undefined,
    // The question stays in the inbox; that pushes fail is told for notices.
    failed: async () => undefined,
    signal,
  };
  return [
    createNoticeLoop(kernel, { outlet, timeZone, signal }),
    {
      name: "questions for push",
      channels: () => ["log:notices", groupsChannel],
      pollMs,
      async look() {
        await look();
        return emptyOutbox(kernel, questions);
      },
    },
  ];
}

/** One that is reached is enough: a second attempt would wake it again. @throws RoostError when none was, and one may be later */
async function wakeAll(
  kernel: Kernel,
  { homeDir, id, signal }: { homeDir: string; id: string; signal: AbortSignal },
): Promise<void> {
  const all = await listPushSubscriptions(kernel);
  if (all.length === 0)
    throw new RoostError("invalid_input", "No browser takes pushes: switch them on in its Settings");
  const key = await readPushKey(homeDir);
  const outcomes = await Promise.all(
    all.map(async (each) => ({
      id: each.id,
      came: await sendPush(each.endpoint, { key, id, clock: systemClock, signal }).catch(toRoostError),
    })),
  );
  const of = (came: string) => outcomes.filter((each) => each.came === came).map((each) => each.id);
  const [sent, gone] = [of("sent"), of("gone")];
  await notePushes(kernel, { sent, gone });
  const failed = outcomes.find(({ came }) => came instanceof RoostError)?.came;
  if (sent.length === 0 && failed instanceof RoostError) throw failed;
}
