import { formatDurationMs, RoostError } from "@roost/base";

/** The client may never answer (its retries can be endless): every call of it ends here. @throws RoostError `timeout` */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new RoostError("timeout", `Kafka did not answer ${what} within ${formatDurationMs(ms)}`)),
      ms,
    );
  });
  // It may still fail afterwards.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
