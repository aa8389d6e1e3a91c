/** Holds a stream: opens it, goes on from the last position when it is lost, and says how it is. */

export type LinkState = "connecting" | "live" | "lost";

export interface StreamStart {
  after: string | undefined;
  signal: AbortSignal;
  onPlace: (id: string) => void;
}

/** Opens the stream; throws when it is lost. */
type OpenStream<Item> = (given: StreamStart) => AsyncIterable<{ id?: string | undefined; data: Item }>;

/** Resolves after `ms`, or earlier when it is worth trying again. */
export type PauseFor = (ms: number, signal: AbortSignal) => Promise<unknown>;

export interface LeadStreamOptions<Item> {
  open: OpenStream<Item>;
  pause: PauseFor;
  signal: AbortSignal;
  position: () => string | undefined;
  /** A controller that ends the next connection alone. */
  begin: () => AbortController;
  onPlace: (id: string) => void;
  onItem: (id: string | undefined, item: Item) => void;
  onState: (state: LinkState) => void;
  /** The position cannot be gone on from. */
  onRefused: () => void;
}

/** Why a connection is ended that is to be opened anew, otherwise. */
export const reopens = "reopens";

const delaysMs = [300, 1_000, 2_000, 5_000, 10_000];

export async function leadStream<Item>(options: LeadStreamOptions<Item>): Promise<void> {
  const { signal, onState } = options;
  let vainCount = 0;
  while (!signal.aborted) {
    const connection = options.begin();
    try {
      const onPlace = (id: string) => {
        options.onPlace(id);
        vainCount = 0;
        onState("live");
      };
      const given = { after: options.position(), signal: AbortSignal.any([signal, connection.signal]), onPlace };
      for await (const { id, data } of options.open(given)) options.onItem(id, data);
    } catch (error) {
      // Events after the position are no longer kept: all that is shown is read afresh.
      if (isRefused(error)) options.onRefused();
    }
    if (signal.aborted) return;
    // From the same position: nothing was missed.
    if (connection.signal.reason === reopens) continue;
    // A connection that was ended on purpose is made anew at once.
    const isLost = !connection.signal.aborted || vainCount > 0;
    onState(isLost && vainCount > 0 ? "lost" : "connecting");
    if (isLost) await options.pause(delaysMs[Math.min(vainCount, delaysMs.length - 1)] ?? 0, signal);
    vainCount += 1;
  }
}

function isRefused(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === "invalid_input" || code === "conflict" || code === "not_found";
}
