export type { Database, QueryOptions, Session, Sql, TransactOptions, Transaction } from './database.ts';
