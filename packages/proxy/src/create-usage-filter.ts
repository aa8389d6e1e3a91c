/**
 * Leaves out of an event stream the chunk of usage that only Roost asked for. Everything else passes as it comes, byte for byte; what is held
 * back is at most one incomplete event that may be it.
 */
export interface UsageFilter {
  /** The bytes to pass on. */
  push(chunk: Buffer): Buffer | undefined;
  end(): Buffer | undefined;
}

/** A longer event is no chunk of usage. */
const heldBytesMax = 65_536;

export function createUsageFilter(): UsageFilter {
  let held: Buffer | undefined;
  return {
    push(chunk) {
      // Nearly every chunk is whole events without usage.
      if (held === undefined && endsEvent(chunk) && !chunk.includes('"usage"')) return chunk;
      const bytes = held === undefined ? chunk : Buffer.concat([held, chunk]);
      held = undefined;
      const passed: Buffer[] = [];
      let start = 0;
      for (let end = endOfEvent(bytes, start); end > 0; end = endOfEvent(bytes, start)) {
        const event = bytes.subarray(start, end);
        if (!isUsageOnly(event)) passed.push(event);
        start = end;
      }
      const rest = bytes.subarray(start);
      if (rest.length > heldBytesMax) passed.push(rest);
      else if (rest.length > 0) held = rest;
      return passed.length === 0 ? undefined : passed.length === 1 ? passed[0] : Buffer.concat(passed);
    },
    end() {
      const rest = held;
      held = undefined;
      return rest === undefined || isUsageOnly(rest) ? undefined : rest;
    },
  };
}

function endsEvent(chunk: Buffer): boolean {
  const { length } = chunk;
  return (
    length >= 2 &&
    chunk[length - 1] === 10 &&
    (chunk[length - 2] === 10 || (chunk[length - 2] === 13 && chunk[length - 3] === 10))
  );
}

/** Behind the empty line that ends the event which begins at `start`; 0: it is not whole. */
function endOfEvent(bytes: Buffer, start: number): number {
  for (let index = bytes.indexOf(10, start); index >= 0; index = bytes.indexOf(10, index + 1)) {
    if (bytes[index + 1] === 10) return index + 2;
    if (bytes[index + 1] === 13 && bytes[index + 2] === 10) return index + 3;
  }
  return 0;
}

function isUsageOnly(event: Buffer): boolean {
  if (!event.includes('"usage"')) return false;
  const text = event.toString("utf8").trim();
  if (!text.startsWith("data:")) return false;
  try {
    const { choices, usage } = JSON.parse(text.slice(5)) as { choices?: unknown; usage?: unknown };
    return Array.isArray(choices) && choices.length === 0 && typeof usage === "object" && usage !== null;
  } catch {
    return false;
  }
}
