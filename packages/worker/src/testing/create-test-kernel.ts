import { testKernelWith } from "@roost/kernel/testing";
import { memorySchema } from "@roost/memory";
import { homeRooms } from "../home-rooms.ts";

export type { TestKernel, TestKernelOptions } from "@roost/kernel/testing";

/** A kernel with the tables of all rooms of a home. */
export const createTestKernel = testKernelWith([...homeRooms, memorySchema]);
