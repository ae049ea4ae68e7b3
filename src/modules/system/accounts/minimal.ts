/**
 * busybox's `adduser` family as shell functions, for targets that have neither it nor shadow: the
 * account files are edited in place, with busybox's defaults.
 */
export const MINIMAL_TOOLS = `
lb_edit() { # FILE awk-program: rewrites an account file
  export LBN LBU LBP
  cp -p "$1" "$1+" && awk 'BEGIN { FS = OFS = ":" } '"$2" "$1" >"$1+" && mv -f "$1+" "$1"
}
lb_free() { # FILE least greatest [wanted]: a number that is not taken
  LBL=$2 LBG=$3 LBW=$4 awk -F: '{ taken[$3] = 1 }
    END {
      w = ENVIRON["LBW"]; if (w != "" && !(w in taken)) { print w; exit }
      for (i = ENVIRON["LBL"]; i <= ENVIRON["LBG"]; i++) if (!(i in taken)) { print i; exit }
    }' "$1"
}
lb_have addgroup || addgroup() {
  lb_g= lb_sys=
  while :; do case "$1" in -g) lb_g=$2; shift 2;; -S) lb_sys=1; shift;; *) break;; esac; done
  if [ $# = 2 ]; then
    LBU=$1 LBN=$2; lb_edit /etc/group '$1 == ENVIRON["LBN"] {
      n = split($4, m, ","); for (i = 1; i <= n; i++) if (m[i] == ENVIRON["LBU"]) { print; next }
      $4 = $4 == "" ? ENVIRON["LBU"] : $4 "," ENVIRON["LBU"] } { print }'
    return
  fi
  if [ -n "$lb_g" ] && cut -d: -f3 /etc/group | grep -qx "$lb_g"; then
    echo "addgroup: gid '$lb_g' in use" >&2; return 1
  fi
  if [ -n "$lb_sys" ]; then set -- "$1" 100 999; else set -- "$1" 1000 60000; fi
  [ -n "$lb_g" ] || lb_g=$(lb_free /etc/group "$2" "$3")
  printf '%s:x:%s:\\n' "$1" "$lb_g" >>/etc/group
}
lb_have delgroup || delgroup() {
  if [ $# = 2 ]; then
    LBU=$1 LBN=$2; lb_edit /etc/group '$1 == ENVIRON["LBN"] {
      n = split($4, m, ","); out = ""
      for (i = 1; i <= n; i++) if (m[i] != ENVIRON["LBU"]) out = out == "" ? m[i] : out "," m[i]
      $4 = out } { print }'
  else
    LBN=$1; lb_edit /etc/group '$1 != ENVIRON["LBN"] { print }'
  fi
}
lb_have adduser || adduser() {
  lb_u= lb_gr= lb_c='Linux User,,,' lb_d= lb_s= lb_H= lb_k=/etc/skel lb_sys=
  while :; do
    case "$1" in
      -D) shift;; -H) lb_H=1; shift;; -S) lb_sys=1; shift;;
      -u) lb_u=$2; shift 2;; -G) lb_gr=$2; shift 2;; -g) lb_c=$2; shift 2;;
      -h) lb_d=$2; shift 2;; -s) lb_s=$2; shift 2;; -k) lb_k=$2; shift 2;;
      *) break;;
    esac
  done
  [ -n "$lb_d" ] || lb_d=/home/$1
  if [ -n "$lb_u" ] && cut -d: -f3 /etc/passwd | grep -qx "$lb_u"; then
    echo "adduser: uid '$lb_u' in use" >&2; return 1
  fi
  if [ -n "$lb_sys" ]; then
    [ -n "$lb_s" ] || lb_s=/sbin/nologin
    [ -n "$lb_u" ] || lb_u=$(lb_free /etc/passwd 100 999)
  else
    [ -n "$lb_s" ] || lb_s=/bin/sh
    [ -n "$lb_u" ] || lb_u=$(lb_free /etc/passwd 1000 60000)
  fi
  if [ -z "$lb_gr" ]; then
    lb_gr=$1
    grep -q "^$1:" /etc/group || addgroup -g "$(lb_free /etc/group "$lb_u" 60000 "$lb_u")" "$1" || return
  fi
  lb_gid=$(LBN=$lb_gr awk -F: '$1 == ENVIRON["LBN"] { print $3 }' /etc/group)
  printf '%s:x:%s:%s:%s:%s:%s\\n' "$1" "$lb_u" "$lb_gid" "$lb_c" "$lb_d" "$lb_s" >>/etc/passwd
  [ ! -e /etc/shadow ] || printf '%s:!:%s:0:99999:7:::\\n' "$1" "$(($(date +%s) / 86400))" >>/etc/shadow
  [ -z "$lb_H" ] || return 0
  if [ ! -e "$lb_d" ]; then
    mkdir -p "$lb_d" || return
    if [ -d "$lb_k" ]; then cp -R "$lb_k/." "$lb_d/"; fi
    chown -R "$lb_u:$lb_gid" "$lb_d" && chmod 755 "$lb_d"
  fi
}
lb_have deluser || deluser() {
  lb_rm=
  if [ "$1" = --remove-home ]; then lb_rm=1; shift; fi
  lb_d=$(LBN=$1 awk -F: '$1 == ENVIRON["LBN"] { print $6 }' /etc/passwd)
  for lb_f in /etc/passwd /etc/shadow; do
    LBN=$1; [ ! -e $lb_f ] || lb_edit $lb_f '$1 != ENVIRON["LBN"] { print }' || return
  done
  LBU=$1; lb_edit /etc/group '$1 == ENVIRON["LBU"] && $4 == "" { next } {
    n = split($4, m, ","); out = ""
    for (i = 1; i <= n; i++) if (m[i] != ENVIRON["LBU"]) out = out == "" ? m[i] : out "," m[i]
    $4 = out; print }'
  if [ -n "$lb_rm" ] && [ -n "$lb_d" ]; then rm -rf "$lb_d"; fi
}
lb_have chpasswd || chpasswd() {
  IFS= read -r lb_t
  LBN=\${lb_t%%:*} LBP=\${lb_t#*:}; lb_edit /etc/shadow '$1 == ENVIRON["LBN"] { $2 = ENVIRON["LBP"] } { print }'
}
`;
