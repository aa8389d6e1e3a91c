/** Every exit code of `roost` with its meaning: the only list, read by the help, the docs and the program. */
import { constants } from "node:os";
import { errorCodes, type ErrorCode } from "@roost/base";
import { exitCodeOf } from "@roost/contract/status-codes";

/** Codes that are not error codes. */
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

/** The shell's exit code for a process ended by a signal. */
export function exitCodeOfSignal(signal: NodeJS.Signals): number {
  return 128 + (constants.signals[signal] ?? 0);
}

const meanings: Readonly<Record<ErrorCode, string>> = {
  invalid_input: "invalid usage or input; the message says what",
  not_found: "not found (run, job, session, …)",
  unavailable: "the gateway, or something behind it, cannot be reached",
  internal: "a bug in Roost; `--debug` shows where",
  conflict: "conflict: another caller was first, or the state does not allow it",
  timeout: "no answer in time; retrying may help",
  limit_exceeded: "a limit was reached; the message names it",
  unauthenticated: "no token, or a wrong one",
  forbidden: "the token or this user is not allowed to do that",
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
      "asked and answered, and the answer is no: a run that failed (ask, run watch), a run that would go another way today (run replay), a refused subject, a doctor with a problem",
  },
  ...errorCodes
    .map((code) => ({ code: String(exitCodeOf(code)), meaning: `${code}: ${meanings[code]}` }))
    .toSorted((a, b) => Number(a.code) - Number(b.code)),
  { code: String(exitCodes.lockNotObtained), meaning: "lock: taken by another holder; the command was not started" },
  { code: String(exitCodes.lockLost), meaning: "lock: lost while the command ran; the command was stopped" },
  { code: String(exitCodes.onceInProgress), meaning: "once: being run by another caller; the command was not started" },
  {
    code: String(exitCodes.onceUnknown),
    meaning: "once: the outcome is unknown; the command was not started, or its end could not be reported",
  },
  { code: String(exitCodes.notExecutable), meaning: "lock, once: the command cannot be executed" },
  { code: String(exitCodes.notFound), meaning: "lock, once: command not found" },
  { code: "128 + n", meaning: "ended by signal n; 130 is Ctrl-C" },
  { code: "any other", meaning: "lock, once: the command's own exit code, passed through" },
];
