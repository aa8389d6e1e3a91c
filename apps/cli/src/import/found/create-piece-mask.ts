/** Leaves secrets out of a text that is too large to be held in memory. */
import { maskSecrets } from "./find-secret-line.ts";

export interface PieceMask {
  /** How many secrets were left out so far. */
  readonly count: number;
  /** What can go on now: what may be the beginning of a secret waits for the next piece. */
  next(piece: Uint8Array): Buffer;
  end(): Buffer;
}

/** What waits at most: a private key has some thousand characters. */
const waitingCharsMax = 64 * 1024;

export function createPieceMask(): PieceMask {
  let waiting = "";
  let count = 0;
  const take = (text: string): Buffer => {
    const masked = maskSecrets(text);
    count += masked.count;
    return Buffer.from(masked.text, "latin1");
  };
  return {
    get count() {
      return count;
    },
    next(piece) {
      // Secrets are ASCII, which stands for itself in it, and all other bytes come back as they are.
      const text = waiting + Buffer.from(piece).toString("latin1");
      const cut = Math.max(placeToCut(text), text.length - waitingCharsMax);
      waiting = text.slice(cut);
      return take(text.slice(0, cut));
    },
    end() {
      const rest = take(waiting);
      waiting = "";
      return rest;
    },
  };
}

const ends = [" ", "\t", "\r", "\n", '"', "'", ",", ";"];

/** Behind the last character that stands in no secret, and not within a private key. */
function placeToCut(text: string): number {
  const place = Math.max(...ends.map((character) => text.lastIndexOf(character))) + 1;
  const begin = text.lastIndexOf("-----BEGIN");
  const isWithinKey = begin >= 0 && !/-----END [A-Z ]*-----/.test(text.slice(begin, place));
  return isWithinKey ? Math.min(begin, place) : place;
}
