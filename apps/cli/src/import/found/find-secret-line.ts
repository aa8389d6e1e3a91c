/** What looks like a secret: files that are left where they are, and lines that a person is told of. */
import { looksLikeText } from "./looks-like-text.ts";

const secretFiles =
  /(?:^|\/)(?:\.env(?:\..+)?|auth\.json|auth-profiles\.json|credentials(?:\.json)?|\.credentials\.json|secrets?\.(?:json|ya?ml|toml|txt)|id_(?:rsa|ed25519|ecdsa)|.+\.(?:pem|key|p12|pfx|age|kdbx))$|(?:^|\/)credentials\//i;

export function isSecretFile(path: string): boolean {
  return secretFiles.test(path);
}

const shapes: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
  [/\b(?:sk|rk)-[A-Za-z0-9_-]{16,}/, "a key of a model provider"],
  [/\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}/, "a GitHub token"],
  [/\bxox[abprs]-[A-Za-z0-9-]{10,}/, "a Slack token"],
  [/\b[0-9]{8,10}:[A-Za-z0-9_-]{35}\b/, "a Telegram bot token"],
  [/\bAKIA[0-9A-Z]{16}\b/, "an AWS key"],
  [/\bAIza[0-9A-Za-z_-]{35}\b/, "a Google key"],
  [/\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/, "a signed token"],
  [
    /\b(?:password|passwd|api[_-]?key|secret|token)\b["']?\s*[:=]\s*["']?(?!(?:env|file|age|op):)[A-Za-z0-9+/_.-]{16,}/i,
    "a secret",
  ],
];

/** Shapes that nothing but a secret has; the last one is a guess, of which a person is told. */
const sure = shapes.slice(0, -1);
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g;

/** What leaves the home: without what is a secret for sure. */
export function maskSecrets(text: string): { text: string; count: number } {
  let count = 0;
  // Lines keep their numbers: marks name them.
  const mask = (secret: string) => {
    count += 1;
    return `[secret left out]${"\n".repeat(secret.split("\n").length - 1)}`;
  };
  let masked = text.replaceAll(privateKey, mask);
  for (const [shape] of sure) masked = masked.replaceAll(new RegExp(shape.source, `g${shape.flags}`), mask);
  return { text: masked, count };
}

export interface SecretLine {
  /** From 1. */
  line: number;
  what: string;
}

/** The first line that looks like one. */
export function findSecretLine(text: string): SecretLine | undefined {
  for (const [index, line] of text.split("\n").entries()) {
    const what = secretIn(line);
    if (what !== undefined) return { line: index + 1, what };
  }
  return undefined;
}

/** Of a longer line the end of each piece is looked at with the next. */
const lineCharsMax = 64 * 1024;

/** As findSecretLine, of a text that comes piece by piece, since it is too large to be held in memory; what is no text has none. */
export class SecretSearch {
  found: SecretLine | undefined;
  readonly #name: string;
  #line = 1;
  #rest: string | undefined;
  #isOver = false;

  constructor(name: string) {
    this.#name = name;
  }

  take(piece: Buffer): void {
    if (this.#rest === undefined && !looksLikeText(this.#name, piece)) this.#isOver = true;
    if (this.#isOver) return;
    // The shapes are ASCII, which stands for itself in it.
    const lines = `${this.#rest ?? ""}${piece.toString("latin1")}`.split("\n");
    for (const [index, each] of lines.entries()) {
      const what = secretIn(each);
      if (what === undefined) continue;
      this.found = { line: this.#line + index, what };
      this.#isOver = true;
      return;
    }
    this.#line += lines.length - 1;
    this.#rest = lines.at(-1)!.slice(-lineCharsMax);
  }
}

function secretIn(line: string): string | undefined {
  return shapes.find(([shape]) => shape.test(line))?.[1];
}
