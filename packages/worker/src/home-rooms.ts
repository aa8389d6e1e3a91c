import { approvalsSchema } from "@roost/approvals";
import { jobsSchema } from "@roost/jobs";
import type { RoomSchema } from "@roost/kernel";
import { subjectsSchema } from "@roost/subjects";

/** The rooms of a home whose tables stand in the kernel's schema. */
export const homeRooms: readonly RoomSchema[] = [approvalsSchema, jobsSchema, subjectsSchema];
