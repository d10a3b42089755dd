{{/* Any string as an object name: 63 characters at most, with a digest in place of what is cut off. */}}
{{- define "proxy.safeName" -}}
{{- if le (len .) 63 -}}
{{- . -}}
{{- else -}}
{{- printf "%s-%s" (. | trunc 50 | trimSuffix "-") (. | sha256sum | trunc 12) -}}
{{- end -}}
{{- end -}}

{{/* The name of all four objects. */}}
{{- define "proxy.fullname" -}}
{{- $gw := .Values.gateway -}}
{{- if $gw.fullnameOverride -}}
{{- include "proxy.safeName" $gw.fullnameOverride -}}
{{- else -}}
{{- include "proxy.safeName" (required "gateway.name is not set" $gw.name) -}}
{{- end -}}
{{- end -}}

{{/* The value of app.kubernetes.io/name. */}}
{{- define "proxy.appName" -}}
{{- include "proxy.safeName" (.Values.gateway.nameOverride | default .Values.gateway.name) -}}
{{- end -}}

{{/* What Service and Deployment select their pods by. */}}
{{- define "proxy.selectorLabels" -}}
app.kubernetes.io/name: {{ include "proxy.appName" . | quote }}
app.kubernetes.io/instance: {{ include "proxy.fullname" . | quote }}
gateway.networking.k8s.io/gateway-name: {{ include "proxy.safeName" (.Values.gateway.gatewayName | default .Values.gateway.name) | quote }}
{{- end -}}

{{/* Labels which objects and pods share, as YAML. */}}
{{- define "proxy.commonLabels" -}}
kgateway: kube-gateway
app.kubernetes.io/component: proxy
gateway.networking.k8s.io/gateway-class-name: {{ include "proxy.safeName" .Values.gateway.gatewayClassName | quote }}
{{ include "proxy.selectorLabels" . }}
{{- end -}}

{{/*
The labels of an object: the deployer's own beat those of the Gateway, which beat the object's extra ones.
Argument: a list of the root and the extra labels.
*/}}
{{- define "proxy.objectLabels" -}}
{{- $root := index . 0 -}}
{{- $extra := index . 1 | default dict -}}
{{- $own := include "proxy.commonLabels" $root | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" "kgateway" -}}
{{- $all := merge $own (deepCopy ($root.Values.gateway.gatewayLabels | default dict)) (deepCopy $extra) -}}
{{- if $root.Chart.AppVersion -}}
{{- $_ := set $all "app.kubernetes.io/version" $root.Chart.AppVersion -}}
{{- end -}}
{{- toYaml $all -}}
{{- end -}}

{{/* The labels of the pod template. */}}
{{- define "proxy.podLabels" -}}
{{- $gw := .Values.gateway -}}
{{- $own := include "proxy.commonLabels" . | fromYaml -}}
{{- merge $own (deepCopy ($gw.gatewayLabels | default dict)) (deepCopy ($gw.extraPodLabels | default dict)) | toYaml -}}
{{- end -}}

{{/* The annotations of an object, nothing when there are none. Argument: a list of the root and the extra ones. */}}
{{- define "proxy.objectAnnotations" -}}
{{- $root := index . 0 -}}
{{- $all := merge (deepCopy ($root.Values.gateway.gatewayAnnotations | default dict)) (deepCopy (index . 1 | default dict)) -}}
{{- if $all -}}
{{- toYaml $all -}}
{{- end -}}
{{- end -}}

{{/* The annotations of the pod template; scraping is announced only when there is something to scrape. */}}
{{- define "proxy.podAnnotations" -}}
{{- $gw := .Values.gateway -}}
{{- $own := dict "gateway.kgateway.dev/gateway-full-name" ($gw.gatewayName | default $gw.name) -}}
{{- if ($gw.stats).enabled -}}
{{- $own = merge (dict "prometheus.io/scrape" "true" "prometheus.io/port" "9091" "prometheus.io/path" "/metrics") $own -}}
{{- end -}}
{{- merge (deepCopy ($gw.gatewayAnnotations | default dict)) (deepCopy ($gw.extraPodAnnotations | default dict)) $own | toYaml -}}
{{- end -}}

{{/* An image reference: registry/repository[:tag][@digest]. */}}
{{- define "proxy.image" -}}
{{- if not .repository -}}
{{- fail "an image needs a repository" -}}
{{- end -}}
{{- with .registry }}{{ . }}/{{ end -}}
{{- .repository -}}
{{- with .tag }}:{{ . }}{{ end -}}
{{- with .digest }}@{{ . }}{{ end -}}
{{- end -}}

{{/* What traces and metrics of the proxy are marked with; a value of the user's own is appended. */}}
{{- define "proxy.otelAttributes" -}}
{{- $pairs := list "service.namespace=$(POD_NAMESPACE)" "service.instance.id=$(POD_UID)" -}}
{{- if .Chart.AppVersion -}}
{{- $pairs = append $pairs (printf "service.version=%s" .Chart.AppVersion) -}}
{{- end -}}
{{- $pairs = concat $pairs (list "k8s.namespace.name=$(POD_NAMESPACE)" "k8s.pod.name=$(POD_NAME)" "k8s.pod.uid=$(POD_UID)" "k8s.node.name=$(NODE_NAME)") -}}
{{- $pairs = append $pairs (printf "k8s.deployment.name=%s" (include "proxy.fullname" .)) -}}
{{- $pairs = append $pairs (printf "k8s.container.name=%s" .Chart.Name) -}}
{{- range .Values.gateway.env -}}
{{- if and (eq .name "OTEL_RESOURCE_ATTRIBUTES") .value -}}
{{- $pairs = append $pairs .value -}}
{{- end -}}
{{- end -}}
{{- join "," $pairs -}}
{{- end -}}

{{/* Envoy's form of a list of string matchers. */}}
{{- define "proxy.stringMatchers" -}}
patterns:
{{- range . }}
{{- if .safeRegex }}
- safe_regex:
    regex: {{ .safeRegex | quote }}
{{- else if .exact }}
- exact: {{ .exact | quote }}
{{- else if .prefix }}
- prefix: {{ .prefix | quote }}
{{- else if .suffix }}
- suffix: {{ .suffix | quote }}
{{- else if .contains }}
- contains: {{ .contains | quote }}
{{- else }}
{{- fail "a stats matcher needs one of exact, prefix, suffix, contains, safeRegex" }}
{{- end }}
{{- if and .ignoreCase (not .safeRegex) }}
  ignore_case: true
{{- end }}
{{- end }}
{{- end -}}

{{/* A route of the prometheus listener to the admin port. Argument: dict with path or prefix, and rewrite. */}}
{{- define "proxy.adminRoute" -}}
- match:
    {{- if .path }}
    path: {{ .path | quote }}
    {{- else }}
    prefix: {{ .prefix | quote }}
    {{- end }}
    headers:
      - name: ":method"
        string_match:
          exact: GET
  route:
    {{- with .rewrite }}
    prefix_rewrite: {{ . | quote }}
    {{- end }}
    cluster: admin_port_cluster
{{- end -}}
