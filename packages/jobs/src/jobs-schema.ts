import type { RoomSchema } from "@roost/kernel";

/** The tables of this room, in the kernel's schema. */
export const jobsSchema: RoomSchema = { room: "jobs", directory: new URL("./migrations/", import.meta.url) };
