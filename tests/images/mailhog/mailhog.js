// A catcher of mail with the part of MailHog's HTTP interface that people and tests use:
//   GET /api/v2/messages, GET /api/v2/search?kind=to|from|containing&query=.., GET and DELETE /api/v1/messages,
//   GET and DELETE /api/v1/messages/ID, and a page at /.
'use strict';

const crypto = require('node:crypto');
const http = require('node:http');
const { SMTPServer } = require('smtp-server');
const { simpleParser } = require('mailparser');

const KEPT = 5000;
let messages = [];

// `MH_SMTP_BIND_ADDR=0.0.0.0:1025` as in MailHog.
function address(variable, port) {
  const [host, given] = (process.env[variable] || '').split(':');
  return { host: host || '0.0.0.0', port: Number(given) || port };
}

function mailbox(text) {
  const [name, domain = ''] = String(text || '').split('@');
  return { Relays: null, Mailbox: name, Domain: domain, Params: '' };
}

function headersOf(parsed) {
  const headers = {};
  for (const { line } of parsed.headerLines || []) {
    const colon = line.indexOf(':');
    (headers[line.slice(0, colon)] ||= []).push(line.slice(colon + 1).trim());
  }
  return headers;
}

async function message(raw, session) {
  const text = raw.toString('utf8');
  const bodyStart = text.indexOf('\r\n\r\n');
  const from = session.envelope.mailFrom ? session.envelope.mailFrom.address : '';
  const to = session.envelope.rcptTo.map((recipient) => recipient.address);
  return {
    ID: `${crypto.randomBytes(16).toString('base64url')}@mailhog.example`,
    From: mailbox(from),
    To: to.map(mailbox),
    Content: {
      Headers: headersOf(await simpleParser(raw)),
      Body: bodyStart < 0 ? text : text.slice(bodyStart + 4),
      Size: raw.length,
      MIME: null,
    },
    Created: new Date().toISOString(),
    MIME: null,
    Raw: { From: from, To: to, Data: text, Helo: session.hostNameAppearsAs },
  };
}

function receive(stream, session, done) {
  const parts = [];
  stream.on('data', (part) => parts.push(part));
  stream.on('end', async () => {
    try {
      messages.unshift(await message(Buffer.concat(parts), session));
      messages.length = Math.min(messages.length, KEPT);
      done();
    } catch (error) {
      done(error);
    }
  });
}

function matching(kind, query) {
  const wanted = query.toLowerCase();
  const part = { to: (m) => m.Raw.To.join(' '), from: (m) => m.Raw.From }[kind] || ((m) => m.Raw.Data);
  return messages.filter((one) => part(one).toLowerCase().includes(wanted));
}

function page(list, search) {
  const start = Number(search.get('start')) || 0;
  const items = list.slice(start, start + (Number(search.get('limit')) || 50));
  return { total: list.length, count: items.length, start, items };
}

function escape(text) {
  return String(text || '').replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);
}

function html() {
  const rows = messages.map(
    (m) =>
      `<tr><td>${m.Created}<td>${escape(m.Raw.From)}<td>${escape(m.Raw.To)}<td>${escape(m.Content.Headers.Subject)}</tr>`,
  );
  return `<!doctype html><title>MailHog</title><h1>${messages.length} messages</h1><table>${rows.join('')}</table>`;
}

function answer(request, response) {
  const url = new URL(request.url, 'http://localhost');
  const json = (value) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(value));
  };
  const one = /^\/api\/v1\/messages\/(.+)$/.exec(url.pathname);
  if (one) {
    const found = messages.find((m) => m.ID === decodeURIComponent(one[1]));
    if (found && request.method === 'DELETE') {
      messages = messages.filter((m) => m !== found);
      return response.end();
    }
    if (found) return json(found);
  }
  if (url.pathname === '/api/v1/messages' && request.method === 'DELETE') {
    messages = [];
    return response.end();
  }
  if (url.pathname === '/api/v1/messages') return json(messages);
  if (url.pathname === '/api/v2/messages') return json(page(messages, url.searchParams));
  if (url.pathname === '/api/v2/search') {
    const found = matching(url.searchParams.get('kind'), url.searchParams.get('query') || '');
    return json(page(found, url.searchParams));
  }
  if (url.pathname === '/') {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    return response.end(html());
  }
  response.statusCode = 404;
  return response.end();
}

const smtp = address('MH_SMTP_BIND_ADDR', 1025);
new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onAuth: (_auth, _session, done) => done(null, { user: 'anyone' }),
  onData: receive,
}).listen(smtp.port, smtp.host);

const web = address('MH_API_BIND_ADDR', 8025);
http.createServer(answer).listen(web.port, web.host);

console.log(`SMTP on ${smtp.host}:${smtp.port}, HTTP on ${web.host}:${web.port}`);
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
