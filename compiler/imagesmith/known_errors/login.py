"""What Entra ID and Azure's access control say when a login or its rights are not enough."""

from __future__ import annotations

from imagesmith.known_errors.row import row

_AADSTS = "https://learn.microsoft.com/entra/identity-platform/reference-error-codes"
_RBAC = "https://learn.microsoft.com/azure/role-based-access-control/troubleshooting"

LOGIN = (
    row(
        "federated-token-expired",
        r"AADSTS700024\b|client assertion is not within its valid time range",
        cause="the federated (OIDC) token of the login has expired while the build went on; such a token lives for"
        " minutes",
        remedy="use a login that renews itself: a managed identity, a client secret or certificate, or GitHub's OIDC"
        " with ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN set; then look for leftovers with `imagesmith sweep`",
        source="https://github.com/hashicorp/packer-plugin-azure/issues/385; https://github.com/Azure/login/issues/180",
    ),
    row(
        "client-secret-expired",
        r"AADSTS7000222\b",
        cause="the client secret of the service principal has expired",
        remedy="make a new one (az ad app credential reset --id APP) and put it where the old one was",
        source=_AADSTS,
    ),
    row(
        "client-secret-wrong",
        r"AADSTS7000215\b|AADSTS50012\b.*invalid client secret",
        cause="the client secret is not one of this service principal's",
        remedy="give the secret's value, not its id, and look whether client id and secret belong together",
        source=_AADSTS,
    ),
    row(
        "tenant-not-found",
        r"AADSTS90002\b|AADSTS900023\b|AADSTS50059\b",
        cause="there is no tenant with the id or name that the login was given",
        remedy="look it up (az account show --query tenantId) and set AZURE_TENANT_ID or --tenant",
        source=_AADSTS,
    ),
    row(
        "application-not-in-tenant",
        r"AADSTS700016\b",
        cause="the tenant does not know the application that logs in",
        remedy="look whether AZURE_CLIENT_ID and AZURE_TENANT_ID belong together",
        source=_AADSTS,
    ),
    row(
        "federated-identity-mismatch",
        r"AADSTS(?:70021|700211|700212|700213)\b|no matching federated identity record",
        cause="no federated credential of the application fits the token that the CI system gave",
        remedy="add a federated credential whose issuer, subject (branch, environment, tag) and audience are those of"
        " this pipeline",
        source=_AADSTS,
    ),
    row(
        "consent-missing",
        r"AADSTS65001\b|AADSTS90094\b",
        cause="nobody has consented to what the application asks for in this tenant",
        remedy="let an administrator consent to it (az ad app permission admin-consent --id APP)",
        source=_AADSTS,
    ),
    row(
        "interaction-required",
        r"AADSTS(?:50076|50078|50079|50158|53003|700082|70043|50173)\b",
        cause="the login wants a person: a second factor, a conditional-access rule, or a session that has ended",
        remedy="log in again with `az login`, or use a service principal or managed identity for builds",
        source=_AADSTS,
    ),
    row(
        "login-refused",
        r"AADSTS[0-9]{5,7}\b",
        cause="Entra ID refused the login",
        remedy="look the AADSTS number up at https://login.microsoftonline.com/error",
        source=_AADSTS,
    ),
    row(
        "wrong-tenant",
        r"InvalidAuthenticationTokenTenant|access token is from the wrong issuer",
        cause="the login belongs to another tenant than the subscription",
        remedy="log in to the subscription's tenant (az login --tenant ID), or name another subscription",
        source="https://github.com/Azure/azure-sdk-for-python/issues/38382",
    ),
    row(
        "login-expired",
        r"ExpiredAuthenticationToken|access token (?:has )?expired|InvalidAuthenticationToken\b",
        cause="the access token of the login has expired",
        remedy="log in again; for long builds use a login that renews itself (managed identity, service principal)",
        source="https://github.com/hashicorp/packer-plugin-azure/issues/456",
    ),
    row(
        "not-logged-in",
        r"please run ['\"]az login['\"]|az login.{0,40}to setup account",
        cause="the Azure command line is not logged in where Packer looks for it",
        remedy="run `az login` as this user, or give another login with --auth",
        source="https://learn.microsoft.com/cli/azure/authenticate-azure-cli",
    ),
    row(
        "no-managed-identity",
        r"169\.254\.169\.254|managed identity.{0,60}(?:not found|unavailable)|identity not found",
        cause="this machine has no managed identity, or the one that was named is not assigned to it",
        remedy="assign one to the machine that builds, or log in in another way (--auth)",
        source="https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/overview",
    ),
    row(
        "linked-authorization-failed",
        r"LinkedAuthorizationFailed",
        cause="the login may do this here, but not to a resource that it refers to in another group or subscription:"
        " a gallery, an image, a subnet or an identity",
        remedy="give the login a role on the resource that the message names (Reader and join/action, or Contributor)",
        source=_RBAC,
    ),
    row(
        "authorization-failed",
        r"AuthorizationFailed|AuthorizationPermissionMismatch|does not have authorization to perform action",
        cause="the login has no right to do this",
        remedy="give it a role with the action that the message names, on the scope that it names; a fresh assignment"
        " takes some minutes",
        source=_RBAC,
    ),
    row(
        "subscription-not-found",
        r"SubscriptionNotFound|subscription '?[^' ]*'? could not be found",
        cause="the login does not see the subscription",
        remedy="look at `az account list`, and name the right one with --subscription",
        source="https://github.com/hashicorp/packer/issues/8421",
    ),
    row(
        "provider-not-registered",
        r"MissingSubscriptionRegistration|not registered to use namespace",
        cause="the subscription has never used a kind of resource that the build makes",
        remedy="register it once: az provider register --namespace NAME, with the name in the message",
        source="https://aka.ms/rps-not-found",
    ),
)
