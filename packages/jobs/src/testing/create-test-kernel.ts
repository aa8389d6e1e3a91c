import { testKernelWith } from "@roost/kernel/testing";
import { jobsSchema } from "../jobs-schema.ts";

export type { TestKernel } from "@roost/kernel/testing";

/** A kernel with the tables of jobs. */
export const createTestKernel = testKernelWith([jobsSchema]);
