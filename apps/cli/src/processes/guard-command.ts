/**
 * Ends a command at a time that only this process can put off: also when this process has been killed or stands still. A shell of its own session
 * waits for that, since a process cannot outlive its own SIGKILL. Knows no lock.
 */
import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { RunningCommand } from "./run-command.ts";

export interface CommandGuard {
  /** From now on: SIGTERM after `ms`, SIGKILL `graceMs` later. Replaces what was said before. */
  endAfter(ms: number, graceMs: number): void;
  /** SIGTERM now, SIGKILL after `graceMs`, to all that is left of the command. False when the guard has gone. */
  endNow(graceMs: number): boolean;
  /** The command has ended, or may go on. Resolves when the guard has gone: true when the time had come and it was ending the command. */
  dismiss(): Promise<boolean>;
}

// One line each time: the seconds until SIGTERM, or "now", and those from there to SIGKILL. Without a group of its own, the command is ended with those that it
// has started. After the end of input it looks at the clock, which goes on while the machine sleeps. It says when the time has come, and goes on when
// no reader of that is left. A number may be another process by then: what it is sent is for the one that had it at first, or for what is left of its group.
const guard = `
trap '' HUP INT QUIT PIPE
kind=$1 pid=$2 identity=$3 timer= until=0 grace=0
now() {
  if [ -d /proc/self ]; then
    start=$(sed 's/.*) //' "/proc/$pid/stat" | cut -d ' ' -f 20)
    [ -z "$start" ] || echo "$pid-$(cut -c 1-8 /proc/sys/kernel/random/boot_id).$start"
  else
    start=$(ps -o lstart= -p "$pid" | tr -d ' :')
    [ -z "$start" ] || echo "$pid-$start"
  fi 2>/dev/null
}
ours() { found=$(now); [ -z "$found" ] || [ "$found" = "$identity" ]; }
tree() {
  ps -A -o pid= -o ppid= | awk -v top="$pid" '{ up[$1] = $2 }
    END { for (one in up) for (at = one; at + 0 > 1; at = up[at]) if (at == top) { print one; break } }'
}
send() { ours && if [ "$kind" = group ]; then kill -s "$1" -- "-$pid"; else kill -s "$1" $all; fi 2>/dev/null; }
alive() { all=$pid; send 0; }
finish() {
  echo ending
  [ "$kind" = group ] || all=$(tree)
  send TERM
  sleep "$1" >/dev/null
  [ "$kind" = group ] || all="$all $(tree)"
  send KILL
}
forget() { [ -z "$timer" ] || kill "$timer" 2>/dev/null; timer=; }
while IFS=' ' read -r seconds next; do
  forget
  grace=$next
  case $seconds in
    dismissed) exit 0 ;;
    now) finish "$grace"; exit 0 ;;
  esac
  until=$(($(date +%s) + \${seconds%.*}))
  ( sleep "$seconds" >/dev/null & slept=$!; trap 'kill "$slept"; exit' TERM; wait "$slept"; trap - TERM; finish "$grace" ) &
  timer=$!
done
forget
while alive; do
  [ "$(date +%s)" -lt "$until" ] || { finish "$grace"; exit 0; }
  sleep 0.5
done
`;

export function guardCommand({
  pid,
  identity = "",
  hasOwnGroup,
}: Pick<RunningCommand, "pid" | "identity" | "hasOwnGroup">): CommandGuard {
  if (pid === undefined || process.platform === "win32") return noGuard;
  const child = spawn("/bin/sh", ["-c", guard, "sh", hasOwnGroup ? "group" : "tree", String(pid), identity], {
    stdio: ["pipe", "pipe", "ignore"],
    env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin" },
    cwd: "/",
    detached: true,
  });
  let isThere = true;
  let isEnding = false;
  const leave = () => {
    isThere = false;
  };
  for (const emitter of [child, child.stdin]) emitter.on("error", leave);
  child.once("exit", leave);
  child.stdout.once("data", () => {
    isEnding = true;
  });
  const gone = new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("close", () => resolve());
  });
  child.unref();
  (child.stdout as Socket).unref();
  const say = (line: string) => isThere && (child.stdin.write(`${line}\n`), true);
  return {
    endAfter: (ms, graceMs) => void say(`${inSeconds(ms)} ${inSeconds(graceMs)}`),
    endNow: (graceMs) => say(`now ${inSeconds(graceMs)}`),
    dismiss: async () => {
      if (say("dismissed")) child.ref();
      await gone;
      return isEnding;
    },
  };
}

const noGuard: CommandGuard = { endAfter: () => undefined, endNow: () => false, dismiss: async () => false };

function inSeconds(ms: number): string {
  return (Math.max(0, ms) / 1000).toFixed(3);
}
