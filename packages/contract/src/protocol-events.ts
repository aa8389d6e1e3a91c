/** What streams of operations have beyond server-sent events as such: names that belong to the protocol, and a limit. */
export const eventStreamMediaType = "text/event-stream";

/** The longest event that is written or read. */
export const eventCharsMax = 4 * 1024 * 1024;

/** place: where a reader that is cut off before the first item goes on. The other two end a stream for good. */
export const protocolEvents = { place: "place", end: "end", problem: "problem" } as const;
