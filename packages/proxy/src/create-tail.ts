/** The end of what is passed on: its last bytes, however small the pieces are in which they come. */
export interface Tail {
  push(piece: Buffer): void;
  /** All of it while it is no longer than the limit, else at least as many of its last bytes. */
  bytes(): Buffer;
}

const piecesMax = 100_000;

export function createTail(bytesMax: number): Tail {
  let pieces: Buffer[] = [];
  let length = 0;
  return {
    push(piece) {
      pieces.push(piece);
      length += piece.length;
      if (length <= 2 * bytesMax && pieces.length <= piecesMax) return;
      // Rarely, and at once: taking the first of a long list away moves all others.
      pieces = [Buffer.concat(pieces).subarray(-bytesMax)];
      length = pieces[0]!.length;
    },
    bytes: () => Buffer.concat(pieces),
  };
}
