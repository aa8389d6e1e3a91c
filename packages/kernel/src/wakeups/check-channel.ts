import { isStorableText, RoostError } from "@roost/base";

/** Longer than `runs:` and `log:` with the longest name. */
const channelCharsMax = 256;

/** @throws RoostError `invalid_input`; a valid channel can be sent to other processes */
export function checkChannel(channel: string): void {
  if (channel.length > 0 && channel.length <= channelCharsMax && isStorableText(channel)) return;
  throw new RoostError(
    "invalid_input",
    `the wake-up channel ${JSON.stringify(channel.slice(0, 64))} has ${channel.length} characters: give 1 to ${channelCharsMax}, without NUL and half surrogate pairs`,
  );
}
