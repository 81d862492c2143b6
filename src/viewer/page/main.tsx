import { render } from 'preact';
import './page.css';

render(<h1>Traces</h1>, document.getElementById('page')!);
