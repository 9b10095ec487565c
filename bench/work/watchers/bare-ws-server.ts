import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

/** What one connection costs at least: ws as its documentation has it, which answers each message. */
const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on('connection', (socket) => {
  socket.on('error', console.error);
  socket.on('message', (data: Buffer) => socket.send(data.toString()));
});
server.listen(Number(process.env['PORT']), '127.0.0.1');
