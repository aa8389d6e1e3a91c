import type { Clock, Logger } from '@roost/base';
import type { CoolDownStore } from './cool-down.ts';
import type { ModelLimits, Models } from './models.ts';
import type { ProviderConfig } from './provider-config.ts';

export interface OpenModelsOptions {
  /** In the order in which they are tried. */
  providers: ProviderConfig[];
  clock: Clock;
  logger: Logger;
  limits?: Partial<ModelLimits>;
  /** Hand in one that lives in a database to let worker processes share what they learnt. Default: in memory. */
  coolDowns?: CoolDownStore;
  fetch?: typeof globalThis.fetch;
}

export declare function openModels(options: OpenModelsOptions): Models;
