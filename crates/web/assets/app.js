/* 渐进增强：没有这份脚本，所有页面也能用。 */
(() => {
  const $ = (s, r = document) => [...r.querySelectorAll(s)];
  const errors = () => {
    const es = document.getElementById('errsum');
    if (!es) return;
    es.focus();
    es.addEventListener('click', e => {
      const a = e.target.closest('a[href^="#"]'), t = a && document.getElementById(decodeURIComponent(a.hash.slice(1)));
      if (t) { e.preventDefault(); t.focus(); t.scrollIntoView({ block: 'center' }); }
    });
  };
  // 片段替换：data-swap="#区" 的链接与 GET 表单
  const announce = text => { const s = document.getElementById('say'); if (s) s.textContent = text; };
  const swap = async (url, target, opts) => {
    const box = document.querySelector(target);
    if (!box) { location.href = url; return; }
    box.setAttribute('aria-busy', 'true');
    try {
      const r = await fetch(url, { headers: { 'X-Swap': '1' }, ...opts });
      if (!r.ok) throw 0;
      const doc = new DOMParser().parseFromString(await r.text(), 'text/html'), fresh = doc.querySelector(target);
      if (!fresh) throw 0;
      box.replaceWith(fresh); history.pushState({}, '', r.url); wire(fresh);
      const h = fresh.querySelector('h1,h2,[tabindex="-1"]'), st = fresh.querySelector('[role=status]');
      if (h) { h.tabIndex = -1; h.focus({ preventScroll: true }); }
      announce(st ? st.textContent : '内容已更新');
    } catch { location.href = url; }
  };
  // 亮证：每秒走倒计时与水印，到期前悄悄换新；换不成就到点整页换
  const live = box => {
    const start = Date.now(), n = k => Number(box.dataset[k]), out = box.querySelector('[data-seconds]');
    if (out) out.hidden = false;
    let busy = false;
    const tick = async () => {
      if (!box.isConnected) { clearInterval(timer); return; }
      const left = Math.ceil(n('life') - (Date.now() - start) / 1000), at = new Date(n('now') + Date.now() - start).toLocaleString('sv-SE', { timeZone: 'Asia/Shanghai' });
      if (out) out.textContent = left > 0 ? `还有 ${left} 秒` : '这枚码已作废';
      $('[data-mark]', box).forEach(m => { m.dataset.text = m.dataset.mark + ' ' + at; });
      if (left > n('before') || busy || document.hidden) return;
      busy = true;
      try {
        const r = await fetch(box.dataset.renew, { headers: { 'X-Swap': '1' } });
        const fresh = r.ok && new DOMParser().parseFromString(await r.text(), 'text/html').getElementById(box.id);
        if (fresh) { box.replaceWith(fresh); live(fresh); announce('已换新码'); return; }
      } catch { /* 断网：下面到点再试 */ }
      if (left <= 0) { clearInterval(timer); location.href = box.dataset.renew; } else setTimeout(() => { busy = false; }, 3000);
    };
    const timer = setInterval(tick, 1000); tick();
  };
  const wire = root => {
    $('[data-print]', root).forEach(a => a.addEventListener('click', e => { e.preventDefault(); print(); }));
    $('[data-copy]', root).forEach(b => { b.hidden = false; b.addEventListener('click', () => navigator.clipboard?.writeText(b.dataset.copy).then(() => announce('已复制'))); });
    $('[data-fill]', root).forEach(b => b.addEventListener('click', () => { const t = document.getElementById(b.dataset.fill); t.value = b.dataset.text; t.focus(); }));
    $('[data-all]', root).forEach(c => c.addEventListener('change', () => $('input[name=id]', c.closest('table')).forEach(i => { i.checked = c.checked; })));
    $('a[data-swap]', root).forEach(a => a.addEventListener('click', e => { if (e.ctrlKey || e.metaKey || e.shiftKey) return; e.preventDefault(); swap(a.href, a.dataset.swap); }));
    $('form[data-swap]', root).forEach(f => f.addEventListener('submit', e => {
      if (f.method !== 'get') return; e.preventDefault();
      swap(f.action.split('?')[0] + '?' + new URLSearchParams(new FormData(f)), f.dataset.swap);
    }));
    // 提交中不再提交第二次
    $('form[method=post]', root).forEach(f => f.addEventListener('submit', e => {
      if (f.dataset.busy) { e.preventDefault(); return; }
      f.dataset.busy = '1'; setTimeout(() => delete f.dataset.busy, 8000);
      const b = e.submitter; if (b) setTimeout(() => b.setAttribute('aria-busy', 'true'), 600);
    }));
    // 上传进度：逐份
    $('form[data-upload]', root).forEach(f => f.addEventListener('submit', e => {
      if (!window.XMLHttpRequest || e.defaultPrevented) return;
      const out = f.querySelector('progress'); if (!out) return;
      e.preventDefault(); out.hidden = false;
      const x = new XMLHttpRequest(); x.open('POST', f.action); x.setRequestHeader('X-Swap', '1');
      x.upload.onprogress = p => { if (p.lengthComputable) { out.max = p.total; out.value = p.loaded; } };
      x.onload = () => { if (x.responseURL && x.status < 400) location.href = x.responseURL; else { document.open(); document.write(x.responseText); document.close(); } };
      x.onerror = () => { delete f.dataset.busy; announce('上传中断，请重试'); out.hidden = true; };
      x.send(new FormData(f, e.submitter));
    }));
    // 离线草稿：断网不丢
    $('form[data-draft]', root).forEach(f => {
      const k = 'draft:' + f.dataset.draft, st = document.getElementById('draft-st');
      try { const d = JSON.parse(localStorage.getItem(k) || 'null'); if (d) for (const [n, v] of d) { const el = f.elements[n]; if (el && el.type !== 'file' && 'value' in el) el.value = v; } } catch { /* 草稿坏了就当没有 */ }
      let t; f.addEventListener('input', () => { clearTimeout(t); t = setTimeout(() => {
        try { localStorage.setItem(k, JSON.stringify([...new FormData(f)].filter(([n, v]) => typeof v === 'string' && n[0] !== '_'))); if (st) st.textContent = '已存在本机 ' + new Date().toTimeString().slice(0, 5); } catch { if (st) st.textContent = '本机存不下，请尽快提交'; } }, 600); });
    });
  };
  errors(); wire(document); $('[data-renew]').forEach(live);
  const again = document.querySelector('meta[name=reload]');
  if (again) setTimeout(() => again.dataset.to ? location.replace(again.dataset.to) : location.reload(), again.content * 1000);
  addEventListener('popstate', () => location.reload());
  // 工作台单键快捷键（偏好里可关：localStorage.keys = 'off'）
  if (document.body.classList.contains('staff') && localStorage.getItem('keys') !== 'off') {
    // 快捷键真能用，才摆出提示
    document.documentElement.classList.add('keyed');
    // 填写、确认页：不用从头按过导航，直接到头一格
    // 回车是下一格，到按钮上才是提交：多敲一下回车不会把没写完的发出去
    $('form[data-first]').forEach(f => f.addEventListener('keydown', e => {
      const t = e.target, all = $('input:not([type=hidden]),textarea,select,button', f);
      if (e.key !== 'Enter' || t.tagName !== 'INPUT' || e.isComposing) return;
      e.preventDefault(); all.slice(all.indexOf(t) + 1).find(n => n.type !== 'radio' || n.name !== t.name)?.focus();
    }));
    if (!document.getElementById('errsum')) document.querySelector('form[data-first] :is(input:not([type=hidden]),textarea,select,button)')?.focus();
    let i = -1;
    addEventListener('keydown', e => {
      if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest('input:not([type=checkbox]):not([type=radio]),textarea,select')) return;
      const rows = $('table[data-rows] tbody tr'), k = e.key.toLowerCase();
      if (k === '/') { const s = document.querySelector('[data-key="/"]'); if (s) { e.preventDefault(); s.focus(); } }
      else if (rows.length && (k === 'j' || k === 'k')) {
        e.preventDefault(); i = Math.max(0, Math.min(rows.length - 1, i + (k === 'j' ? 1 : -1)));
        rows.forEach((r, n) => r.classList.toggle('on', n === i)); rows[i].querySelector('a')?.focus();
      } else if (rows.length && k === 'x' && i >= 0) { const c = rows[i].querySelector('input[type=checkbox]'); if (c) c.checked = !c.checked; }
      else if ((k === 'y' || k === 'b') && document.activeElement.closest('tr')) {
        // 材料核验：合格、补正（补正接着写原因）
        const row = document.activeElement.closest('tr'), v = row.querySelector(`input[value=${k === 'y' ? 'ok' : 'fix'}]`);
        if (v) { e.preventDefault(); v.checked = true; (k === 'b' && row.querySelector('input.inp') || v).focus(); }
      } else { const b = $('[data-key]').find(n => n.dataset.key === k) || $('.actbar button,.actbar a').find(n => (n.querySelector('kbd') || {}).textContent === e.key.toUpperCase()); if (b) { e.preventDefault(); b.focus(); if (b.dataset.go) b.click(); } }
    });
  }
})();
