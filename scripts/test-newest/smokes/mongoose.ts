import mongoose from 'mongoose';
import { SERVER, smoke } from './smoke.js';

const connection = mongoose.createConnection();
const Order = connection.model('Order', new mongoose.Schema({ n: Number }));

await smoke({
  needsServer: true,
  prepared: () => (SERVER === '' ? undefined : connection.openUri(SERVER)),
  work: async (n) => {
    await Order.create({ n });
    await Order.findOne({ n });
  },
  steps: [/^insert orders/, /^find orders/],
  after: () => connection.close(),
});
