# The steps of examples/web by hand, for BuildKit.
FROM @BASE@
RUN groupadd -r -g 990 web
RUN useradd -r -u 990 -g web -d /srv/web -s /usr/sbin/nologin web
RUN install -d -o web -g web -m 755 /srv/web/site /srv/web/conf /srv/web/log /srv/web/tmp
COPY --chown=web templates/app.conf.j2 /srv/web/conf/app.conf
COPY --chown=web files/site/index.html /srv/web/site/index.html
COPY --chown=web files/site/app.js /srv/web/site/app.js
RUN echo "version=1" > /srv/web/conf/version
RUN echo "PORT=8080" >> /srv/web/conf/env
RUN echo "NAME=example" >> /srv/web/conf/env
RUN printf 'A=1\nB=2\n' >> /srv/web/conf/env
RUN ln -s /srv/web/conf/app.conf /srv/web/conf/current.conf
RUN sha256sum /srv/web/site/app.js > /srv/web/conf/app.sha256
RUN find /srv/web -type f ! -name manifest | sort > /srv/web/conf/manifest
RUN sed -i 's/^A=.*/A=42/' /srv/web/conf/env
RUN rm -rf /srv/web/tmp
RUN stat -c %s /srv/web/conf/env > /srv/web/conf/done
