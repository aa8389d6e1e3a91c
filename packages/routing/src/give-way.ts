/** Work of seconds lets others have their turn between its pieces. @throws the signal's reason */
export async function giveWay(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  signal?.throwIfAborted();
}
