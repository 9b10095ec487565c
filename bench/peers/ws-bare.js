import { WebSocketServer } from 'ws';

// The least that a connection can cost: it is held, and what it says is said back.
const server = new WebSocketServer({
  port: Number(process.env.PORT),
  host: '127.0.0.1',
  perMessageDeflate: false,
});
server.on('connection', (socket) => {
  socket.on('error', () => socket.terminate());
  socket.on('message', (data) => socket.send(data, { binary: false }));
});
