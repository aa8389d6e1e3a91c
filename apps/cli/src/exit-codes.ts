/** Every exit code of `roost`, with what it means: the help, the documentation and the program read this one list. */
import { constants } from "node:os";
import { errorCodes, type ErrorCode } from "@roost/base";
import { exitCodeOf } from "@roost/contract/status-codes";

/** Codes that are not those of an error. */
export const exitCodes = {
  answerIsNo: 1,
  lockNotObtained: 80,
  lockLost: 81,
  onceInProgress: 82,
  onceUnknown: 83,
  notExecutable: 126,
  notFound: 127,
  interrupted: 130,
} as const;

/** What a shell says of a process that a signal has ended. */
export function exitCodeOfSignal(signal: NodeJS.Signals): number {
  return 128 + (constants.signals[signal] ?? 0);
}

const meanings: Readonly<Record<ErrorCode, string>> = {
  invalid_input: "what was typed or given is wrong; the message says what",
  not_found: "there is no such thing (run, job, session, …)",
  unavailable: "the gateway cannot be reached, or something behind it",
  internal: "a bug in Roost; `--debug` shows where",
  conflict: "somebody else was first, or the state does not allow it",
  timeout: "no answer in time; the same command may work later",
  limit_exceeded: "a limit was reached; the message names it",
  unauthenticated: "no token, or a wrong one",
  forbidden: "the token or this user may not do that",
};

export interface ExitCodeMeaning {
  code: string;
  meaning: string;
}

export const exitCodeMeanings: readonly ExitCodeMeaning[] = [
  { code: "0", meaning: "done" },
  {
    code: String(exitCodes.answerIsNo),
    meaning:
      "asked and answered, and the answer is no: a run that failed (ask, run watch), a run that would be another today (run replay), a refused subject, a doctor with a problem",
  },
  ...errorCodes
    .map((code) => ({ code: String(exitCodeOf(code)), meaning: `${code}: ${meanings[code]}` }))
    .toSorted((a, b) => Number(a.code) - Number(b.code)),
  { code: String(exitCodes.lockNotObtained), meaning: "lock: another holds the lock; the command was not started" },
  { code: String(exitCodes.lockLost), meaning: "lock: the lease was lost while the command ran; it was stopped" },
  { code: String(exitCodes.onceInProgress), meaning: "once: another does it right now; the command was not started" },
  {
    code: String(exitCodes.onceUnknown),
    meaning: "once: it began and nobody knows how it ended; the command was not started, or its end could not be told",
  },
  { code: String(exitCodes.notExecutable), meaning: "lock, once: the command cannot be executed" },
  { code: String(exitCodes.notFound), meaning: "lock, once: there is no such command" },
  { code: "128 + n", meaning: "ended by signal n; 130 is Ctrl-C" },
  { code: "any other", meaning: "lock, once: the command's own exit code, passed through" },
];
