/** What a process needs that hosts services: others only call them, and load no server for it. */
export { migrateService } from "./host/host-service.ts";
export { openServiceHost, type ServiceHost } from "./host/open-service-host.ts";
