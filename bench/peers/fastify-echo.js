import Fastify from 'fastify';

// As much as any handler on Fastify must do: parse the JSON and answer.
const app = Fastify();
app.get('/', () => ({ status: 'ok' }));
app.post('/callback', (request) => request.body);
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
