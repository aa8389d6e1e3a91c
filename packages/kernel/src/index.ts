// Log, wake-ups, the kernel itself.
export { kernelMigrations, kernelSchema, openKernel, type Kernel, type OpenKernelOptions } from "./open-kernel.ts";
export { eventsPerTransactionMax, type KernelTransaction } from "./transact.ts";
export type { EventDraft, EventPosition, StoredEvent } from "./log/event.ts";
export { eventBytesMax } from "./log/prepare-event.ts";
export { eventsPerAppendMax } from "./log/create-appender.ts";
export type { EventSchema, KnownSchema, SchemaRegistry } from "./log/schema-registry.ts";
export { createTopic, partitionCountDefault, readTopics, segmentSizeDefault, type NewTopic, type Topic } from "./log/topics.ts";
export { murmur2, partitionOf } from "./log/murmur2.ts";
export type { WaitOptions, WakeupOutcome, Wakeups, WakeupWatch } from "./wakeups/wakeups.ts";
