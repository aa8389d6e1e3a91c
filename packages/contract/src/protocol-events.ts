/** Additions to server-sent events: reserved names and a size limit. */
export const eventStreamMediaType = "text/event-stream";

/** The longest event that is written or read. */
export const eventCharsMax = 4 * 1024 * 1024;

/** place: where a reader cut off before the first item resumes. The other two end a stream. */
export const protocolEvents = { place: "place", end: "end", problem: "problem" } as const;
