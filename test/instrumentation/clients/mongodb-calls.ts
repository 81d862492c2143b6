import { GridFSBucket, type Db, type MongoClient } from 'mongodb';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';

/** In filters, keys and documents: it must be nowhere in what is recorded. */
export const CANARY = 'canary-7f3a';

/** What a request does, and the steps that it has to have. */
export interface MongodbCalls {
  readonly work: (db: Db, client: MongoClient) => Promise<unknown>;
  readonly steps: readonly string[];
}

export const MONGODB_CALLS: Readonly<Record<string, MongodbCalls>> = {
  findOne: {
    work: (db) => db.collection('customers').findOne({ name: CANARY }),
    steps: ['find customers'],
  },
  toArray: {
    work: (db) => db.collection('customers').find({}, { batchSize: 40 }).toArray(),
    steps: ['find customers', 'getMore customers', 'getMore customers'],
  },
  forAwait: {
    work: async (db) => {
      for await (const customer of db.collection('customers').find({}, { batchSize: 60 }))
        void customer;
    },
    steps: ['find customers', 'getMore customers'],
  },
  leftCursor: {
    work: async (db) => {
      for await (const customer of db.collection('customers').find({}, { batchSize: 60 })) {
        void customer;
        break;
      }
    },
    steps: ['find customers', 'killCursors customers'],
  },
  cursorStream: {
    work: async (db) => {
      const cursor = db.collection('customers').find({}, { batchSize: 60 });
      const seen: unknown[] = [];
      await pipeline(cursor.stream(), async (all) => {
        for await (const customer of all) seen.push(customer);
      });
    },
    steps: ['find customers', 'getMore customers'],
  },
  aggregate: {
    work: (db) =>
      db
        .collection('orders')
        .aggregate([{ $match: { name: CANARY } }])
        .toArray(),
    steps: ['aggregate orders'],
  },
  databaseAggregate: {
    work: (db) => db.aggregate([{ $currentOp: {} }]).toArray(),
    steps: ['aggregate'],
  },
  insertOne: {
    work: (db) => db.collection('orders').insertOne({ name: CANARY }),
    steps: ['insert orders'],
  },
  insertMany: {
    work: (db) => db.collection('orders').insertMany([{ a: CANARY }, { a: 2 }]),
    steps: ['insert orders'],
  },
  changes: {
    work: async (db) => {
      const orders = db.collection('orders');
      await orders.updateOne({ name: CANARY }, { $set: { a: CANARY } });
      await orders.updateMany({ name: CANARY }, { $set: { a: CANARY } });
      await orders.replaceOne({ name: CANARY }, { a: CANARY });
      await orders.deleteOne({ name: CANARY });
      await orders.deleteMany({ name: CANARY });
      await orders.findOneAndUpdate({ name: CANARY }, { $set: { a: CANARY } });
    },
    steps: [
      'update orders',
      'update orders',
      'update orders',
      'delete orders',
      'delete orders',
      'findAndModify orders',
    ],
  },
  counts: {
    work: async (db) => {
      await db.collection('orders').countDocuments({ name: CANARY });
      await db.collection('orders').estimatedDocumentCount();
      await db.collection('orders').distinct('name', { name: CANARY });
    },
    steps: ['aggregate orders', 'count orders', 'distinct orders'],
  },
  bulkWrite: {
    work: (db) =>
      db
        .collection('orders')
        .bulkWrite([
          { insertOne: { document: { a: CANARY } } },
          { updateOne: { filter: { a: CANARY }, update: { $set: { b: CANARY } } } },
          { deleteOne: { filter: { a: CANARY } } },
        ]),
    steps: ['insert orders', 'update orders', 'delete orders'],
  },
  clientBulkWrite: {
    work: (_db, client) =>
      client.bulkWrite([{ name: 'insertOne', namespace: 'shop.orders', document: { a: CANARY } }]),
    steps: ['bulkWrite'],
  },
  transaction: {
    work: (db, client) =>
      client.withSession((session) =>
        session.withTransaction(async () => {
          await db.collection('orders').insertOne({ a: CANARY }, { session });
          await db.collection('stock').updateOne({ a: CANARY }, { $set: { a: 1 } }, { session });
        }),
      ),
    steps: ['insert orders', 'update stock', 'commitTransaction'],
  },
  abortedTransaction: {
    work: (db, client) =>
      client.withSession(async (session) => {
        session.startTransaction();
        await db.collection('orders').insertOne({ a: CANARY }, { session });
        await session.abortTransaction();
      }),
    steps: ['insert orders', 'abortTransaction'],
  },
  schema: {
    work: async (db) => {
      await db.createCollection('fresh');
      await db.collection('fresh').createIndex({ [CANARY]: 1 });
      await db.collection('fresh').indexes();
      await db.collection('fresh').dropIndex(`${CANARY}_1`);
      await db.listCollections({ name: CANARY }).toArray();
      await db.dropCollection('fresh');
    },
    steps: [
      'create fresh',
      'createIndexes fresh',
      'listIndexes fresh',
      'dropIndexes fresh',
      'listCollections',
      'drop fresh',
    ],
  },
  commands: {
    work: async (db) => {
      await db.command({ ping: 1 });
      await db.command({ collStats: 'orders' });
      await db.command({ [CANARY]: 1 });
      await db.command({ getParameter: CANARY });
    },
    steps: ['ping', 'collStats orders', 'runCommand', 'getParameter'],
  },
  credentials: {
    work: async (db) => {
      for (const command of ['createUser', 'updateUser', 'saslStart', 'authenticate', 'logout']) {
        await db.command({ [command]: CANARY, pwd: CANARY });
      }
      await db.command({ SASLSTART: 1 });
      await db.admin().command({ hello: 1 });
    },
    steps: [],
  },
  gridFs: {
    work: async (db) => {
      const bucket = new GridFSBucket(db, { chunkSizeBytes: 4 });
      const upload = bucket.openUploadStream(`${CANARY}.txt`);
      upload.end('12345678');
      await once(upload, 'close');
      await bucket.openDownloadStream(upload.id).toArray();
    },
    steps: [
      'find fs.files',
      'listIndexes fs.files',
      'createIndexes fs.files',
      'listIndexes fs.chunks',
      'createIndexes fs.chunks',
      'insert fs.chunks',
      'insert fs.chunks',
      'insert fs.files',
      'find fs.files',
      'find fs.chunks',
    ],
  },
  idsInNames: {
    work: async (db) => {
      await db.collection('events_65f0c1d2e3a4b5c6d7e8f901').findOne({});
      await db.collection('t-550e8400-e29b-41d4-a716-446655440000').findOne({});
      await db.collection('log_20261127').findOne({});
      await db.collection('log_2026').findOne({});
    },
    steps: ['find events_?', 'find t-?', 'find log_?', 'find log_2026'],
  },
};
