import { render } from 'preact';
import { App } from './app.js';
import { readExport } from './feed/exported.js';
import { Feed } from './feed/feed.js';
import { openStream } from './model/stream.js';
import './page.css';

const exported = readExport(document);
const feed = new Feed();

render(<App feed={feed} exported={exported} />, document.getElementById('page')!);

if (exported === undefined) {
  openStream('./stream', {
    onHello: (hello) => feed.greet(hello),
    onState: (state) => feed.enter(state),
    onRecords: (records) => feed.push(records),
  });
} else {
  feed.push(exported.records);
}
